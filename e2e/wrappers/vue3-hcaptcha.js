import {createApp, h} from 'vue';
import VueHcaptcha from '@hcaptcha/vue3-hcaptcha';

createApp({
  render: () => h(VueHcaptcha, {sitekey: 'shop-1', apiEndpoint: SERVICE + '/1/api.js', onVerify: token => { window.token = token; }}),
}).mount('#app');
