import React from 'react';
import {createRoot} from 'react-dom/client';
import ReCAPTCHA from 'react-google-recaptcha';

createRoot(document.getElementById('app')).render(
  <React.StrictMode><ReCAPTCHA sitekey="shop-1" onChange={token => { window.token = token; }} /></React.StrictMode>,
);
