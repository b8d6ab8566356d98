import React from 'react';
import {createRoot} from 'react-dom/client';
import {Turnstile} from '@marsidev/react-turnstile';

createRoot(document.getElementById('app')).render(
  <React.StrictMode><Turnstile siteKey="shop-1" onWidgetLoad={widget => { window.widget = widget; }} onSuccess={token => { window.token = token; }} /></React.StrictMode>,
);
