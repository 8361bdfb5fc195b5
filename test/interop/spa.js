// A single-page application that signs its person in with oidc-client-ts as a public client. The test reads what it
// writes into #state, and calls what it hangs on window.
(async () => {
  const state = document.getElementById('state');
  const show = (what) => { state.textContent = typeof what === 'string' ? what : JSON.stringify(what); };
  const config = await (await fetch('/config.json')).json();
  oidc.Log.setLogger(console);
  const manager = new oidc.UserManager({
    ...config, redirect_uri: `${location.origin}/callback`, post_logout_redirect_uri: `${location.origin}/`, response_type: 'code',
    loadUserInfo: true, automaticSilentRenew: false, prompt: 'consent', userStore: new oidc.WebStorageStateStore({ store: sessionStorage }),
  });
  const told = (user) => ({
    is: 'signed in', sub: user.profile.sub, email: user.profile.email, name: user.profile.name, scope: user.scope, refreshable: !!user.refresh_token,
  });
  window.signIn = () => manager.signinRedirect();
  window.signOut = () => manager.signoutRedirect();
  // renew gets new tokens and userinfo without leaving the page.
  window.renew = async () => {
    const before = await manager.getUser();
    const after = await manager.signinSilent();
    show({ ...told(after), is: 'renewed', fresh: before.access_token !== after.access_token });
  };
  try {
    if (location.pathname === '/callback') {
      await manager.signinCallback();
      history.replaceState({}, '', '/');
    }
    const user = await manager.getUser();
    show(user ? told(user) : 'signed out');
  } catch (err) {
    show(`failed: ${err.message}`);
  }
})();
