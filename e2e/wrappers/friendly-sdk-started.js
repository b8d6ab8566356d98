import {FriendlyCaptchaSDK} from '@friendlycaptcha/sdk';

const widget = new FriendlyCaptchaSDK({apiEndpoint: SERVICE}).createWidget({element: document.getElementById('app'), sitekey: 'shop-1', startMode: 'auto'});
widget.addEventListener('frc:widget.complete', event => {
  if (window.first) window.token = event.detail.response;
  else { // a reset widget starts again
    window.first = event.detail.response;
    widget.reset();
  }
});
