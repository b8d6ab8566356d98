// Shows the page's list anew every two seconds while the box is ticked.
'use strict';
(() => {
  const follow = document.getElementById('follow');
  const update = async () => {
    if (!follow.checked || document.hidden) return;
    try {
      const answer = await fetch('/live', { cache: 'no-store' });
      const next = new DOMParser().parseFromString(await answer.text(), 'text/html').getElementById('live');
      if (answer.ok && next) document.getElementById('live').replaceWith(next);
    } catch {
      // The demo was stopped; the list stays as it is.
    }
  };
  follow.checked = true;
  setInterval(update, 2000);
})();
