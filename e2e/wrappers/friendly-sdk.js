import {FriendlyCaptchaSDK} from '@friendlycaptcha/sdk';

const widget = new FriendlyCaptchaSDK({apiEndpoint: SERVICE}).createWidget({element: document.getElementById('app'), sitekey: 'shop-1'});
widget.addEventListener('frc:widget.complete', event => { window.token = event.detail.response; });
