import React from 'react';
import {createRoot} from 'react-dom/client';
import HCaptcha from '@hcaptcha/react-hcaptcha';

createRoot(document.getElementById('app')).render(
  <React.StrictMode><HCaptcha sitekey="shop-1" apihost={SERVICE} sentry={false} onVerify={token => { window.token = token; }} /></React.StrictMode>,
);
