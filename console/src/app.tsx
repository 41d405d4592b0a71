// The frame around every page: navigation, colours, the operator's question; and which page an address shows.
import { useEffect, useRef, useState } from 'preact/hooks';
import { Link, Route, Switch, useLocation } from 'wouter-preact';
import { forget_token, useHasToken } from './api/operator';
import { choose, useTheme } from './lib/theme';
import { Accounts } from './pages/accounts';
import { AuditPage } from './pages/audit';
import { Inventory } from './pages/inventory';
import { Lab } from './pages/lab';
import { OrderPage } from './pages/order';
import { Orders } from './pages/orders';
import { Overview } from './pages/overview';
import { Sagas } from './pages/sagas';
import { Empty, PageHead } from './parts/basics';
import { TokenDialog } from './parts/token_dialog';

const places = [
  { path: '/', title: 'Overview' },
  { path: '/console/orders', title: 'Orders' },
  { path: '/console/lab', title: 'Failure laboratory' },
  { path: '/console/inventory', title: 'Inventory' },
  { path: '/console/accounts', title: 'Accounts' },
  { path: '/console/sagas', title: 'Sagas' },
  { path: '/console/audit', title: 'Audit' },
];

const is_current = (path: string, location: string) =>
  path === '/' ? location === '/' || location === '/console' : location.startsWith(path);

const ThemeSwitch = () => {
  const theme = useTheme();
  const other = theme === 'dark' ? 'light' : 'dark';
  return (
    <button type="button" class="small" onClick={() => choose(other)} aria-label={`Use ${other} colours`}>
      <span aria-hidden="true">{theme === 'dark' ? '☀' : '☾'}</span> {other === 'dark' ? 'Dark' : 'Light'}
    </button>
  );
};

const Sidebar = ({ location }: { location: string }) => {
  const [open, set_open] = useState(false);
  const operator = useHasToken();
  useEffect(() => set_open(false), [location]);
  return (
    <header class="sidebar">
      <div class="brand">
        <Link href="/">
          <img src="/console/favicon.svg" alt="" width="26" height="26" /> Late-day tokens
        </Link>
        <button
          type="button"
          class="menu-button small"
          aria-expanded={open}
          aria-controls="menu"
          onClick={() => set_open(!open)}
        >
          Menu
        </button>
      </div>
      <div id="menu" class={open ? 'menu open' : 'menu'}>
        <nav aria-label="Pages">
          {places.map(({ path, title }) => (
            <Link key={path} href={path} aria-current={is_current(path, location) ? 'page' : undefined}>
              {title}
            </Link>
          ))}
        </nav>
        <div class="sidebar-foot">
          <ThemeSwitch />
          {operator && (
            <button type="button" class="small" onClick={forget_token}>
              Forget operator token
            </button>
          )}
          <a href="/openapi.json">API description</a>
          <a href="/errors">Problems explained</a>
        </div>
      </div>
    </header>
  );
};

const Nowhere = () => (
  <>
    <PageHead title="No such page" />
    <Empty>
      <p>There is nothing at this address.</p>
      <Link href="/">To the overview</Link>
    </Empty>
  </>
);

/** A page that was reached by a link is announced, and the keyboard goes on from its top. */
function use_page_change(location: string): (element: HTMLElement | null) => void {
  const main = useRef<HTMLElement | null>(null);
  const first = useRef(true);
  useEffect(() => {
    const place = places.find(({ path }) => is_current(path, location));
    document.title = `${place?.title ?? 'Late-day tokens'} – Late-day tokens`;
    if (!first.current) {
      main.current?.focus({ preventScroll: true });
      window.scrollTo(0, 0);
    }
    first.current = false;
  }, [location]);
  return (element) => {
    main.current = element;
  };
}

export const App = () => {
  const [location] = useLocation();
  const main = use_page_change(location);
  return (
    <>
      <a class="skip" href="#main">
        Skip to the page
      </a>
      <Sidebar location={location} />
      <main id="main" ref={main} tabIndex={-1}>
        <Switch>
          <Route path="/" component={Overview} />
          <Route path="/console" component={Overview} />
          <Route path="/console/orders" component={Orders} />
          <Route path="/console/orders/:id">{({ id }) => <OrderPage key={id} id={id} />}</Route>
          <Route path="/console/lab" component={Lab} />
          <Route path="/console/inventory" component={Inventory} />
          <Route path="/console/accounts">{() => <Accounts user="" />}</Route>
          <Route path="/console/accounts/:user">
            {({ user }) => <Accounts key={user} user={decodeURIComponent(user)} />}
          </Route>
          <Route path="/console/sagas" component={Sagas} />
          <Route path="/console/audit" component={AuditPage} />
          <Route component={Nowhere} />
        </Switch>
      </main>
      <TokenDialog />
    </>
  );
};
