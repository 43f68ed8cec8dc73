import { h } from './dom.ts';
import { keepOffline } from './offline.ts';
import { PoliciesView } from './policies/policiesView.ts';
import { fromLink, type Shared } from './policies/shared.ts';
import { problemText } from './problem.ts';

/** A part of the page, created at its first use. */
type Part = 'policies' | 'range-test' | 'train';

const titles: Readonly<Record<Part, string>> = {
  policies: 'clr: learning rates, seen',
  'range-test': 'clr: what a range test says',
  train: 'clr: train in this tab',
};

const main = document.getElementById('main')!;
const notice = h('p', { class: 'notice', role: 'status' });
const made = new Map<Part, Promise<HTMLElement>>();
/** The last link that this page wrote. */
let own = '';

const policies = new PoliciesView((link) => {
  own = link;
  history.replaceState(null, '', `#/policies?${link}`);
  notice.textContent = '';
});

function partOf(name: Part): Promise<HTMLElement> {
  const known = made.get(name);
  if (known) return known;
  const part = make(name);
  made.set(name, part);
  return part;
}

async function make(name: Part): Promise<HTMLElement> {
  if (name === 'policies') return policies.element;
  if (name === 'train') {
    const { TrainView } = await import('./train/trainView.ts');
    return new TrainView(() => policies.chosen).element;
  }
  const { AnalyzeView } = await import('./analyze/analyzeView.ts');
  return new AnalyzeView(showPolicies).element;
}

/** Draws policies that another part of the page found. */
function showPolicies(shared: Shared): void {
  policies.load(shared);
  location.hash = `#/policies?${policies.link}`;
  scrollTo({ top: 0 });
}

async function route(): Promise<void> {
  const [path = '', link = ''] = location.hash.replace(/^#\/?/, '').split('?');
  const name: Part = Object.hasOwn(titles, path) ? (path as Part) : 'policies';
  for (const anchor of document.querySelectorAll<HTMLAnchorElement>('nav a')) {
    if (anchor.hash === `#/${name}`) anchor.setAttribute('aria-current', 'page');
    else anchor.removeAttribute('aria-current');
  }
  notice.textContent = '';
  if (name === 'policies' && link !== '' && link !== own) {
    try {
      policies.load(fromLink(link));
      own = link;
    } catch (error) {
      notice.textContent = problemText(error);
    }
  }
  // The links between the parts do not name the drawn policies. Without them, a reload would lose these policies.
  if (name === 'policies' && link === '' && own !== '') history.replaceState(null, '', `#/policies?${own}`);
  document.title = titles[name];
  try {
    main.replaceChildren(notice, await partOf(name));
  } catch (error) {
    made.delete(name);
    notice.textContent = `This part of the page could not be loaded. ${problemText(error)}`;
    main.replaceChildren(notice);
  }
}

// The address holds the part of the page, so this link must not change it.
document.querySelector('.skip')!.addEventListener('click', (event) => {
  event.preventDefault();
  main.focus();
});
// A file that misses its area would replace this page.
for (const type of ['dragover', 'drop']) addEventListener(type, (event) => event.preventDefault());
addEventListener('hashchange', () => void route());
void route();
void keepOffline(document.getElementById('offline')!);
