import React, {useEffect, useState} from 'react';
import {createRoot} from 'react-dom/client';
import {GoogleReCaptchaProvider, useGoogleReCaptcha} from 'react-google-recaptcha-v3';

function Field() {
  const {executeRecaptcha} = useGoogleReCaptcha();
  const [token, setToken] = useState('');
  useEffect(() => {
    executeRecaptcha?.('login').then(token => { setToken(token); window.token = token; });
  }, [executeRecaptcha]);
  return <input type="hidden" name="g-recaptcha-response" value={token} readOnly />;
}

createRoot(document.getElementById('app')).render(
  <React.StrictMode><GoogleReCaptchaProvider reCaptchaKey="shop-1"><Field /></GoogleReCaptchaProvider></React.StrictMode>,
);
