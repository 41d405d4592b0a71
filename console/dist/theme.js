// Sets the colours that were chosen here before anything is painted, so that the page never flashes in the other ones.
// Nothing chosen: the system's. The switch is in src/lib/theme.ts.
(() => {
  try {
    const theme = localStorage.getItem('ldt.theme');
    if (theme === 'dark' || theme === 'light') document.documentElement.dataset.theme = theme;
  } catch {
    // A browser that keeps nothing: the system's colours.
  }
})();
