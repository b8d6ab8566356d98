import '../node_modules/@friendlycaptcha/sdk/site.min.js'; // looks for its elements when the page is read

const element = document.getElementById('app');
element.className = 'frc-captcha';
element.dataset.sitekey = 'shop-1';
element.dataset.apiEndpoint = SERVICE;
element.addEventListener('frc:widget.complete', event => { window.token = event.detail.response; });
