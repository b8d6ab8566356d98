import {createApp, h} from 'vue';
import VueHcaptcha from '@hcaptcha/vue3-hcaptcha';

createApp({
  mounted() {
    this.$refs.captcha.executeAsync().then(({response}) => { window.token = response; });
  },
  render: () => h(VueHcaptcha, {ref: 'captcha', size: 'invisible', sitekey: 'shop-1', apiEndpoint: SERVICE + '/1/api.js'}),
}).mount('#app');
