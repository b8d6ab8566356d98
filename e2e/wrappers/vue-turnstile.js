import {createApp, h} from 'vue';
import VueTurnstile from 'vue-turnstile';

createApp({
  data: () => ({token: ''}),
  render() {
    return h(VueTurnstile, {siteKey: 'shop-1', modelValue: this.token, 'onUpdate:modelValue': token => { this.token = window.token = token; }});
  },
}).mount('#app');
