import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join, normalize } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { DefaultTheme, UserConfig } from 'vitepress';

const root = fileURLToPath(new URL('../..', import.meta.url));

/** Returns the site's path for a Markdown file of the repository, or undefined if the file is no page of the site. */
function pageOf(file: string): string | undefined {
  const readme = /^(packages|examples)\/([^/]+)\/README\.md$/.exec(file);
  if (readme) return `${readme[1]}/${readme[2]}.md`;
  if (file === 'CONTRIBUTING.md' || file === 'SECURITY.md') return file.toLowerCase();
  if (!file.startsWith('docs/') || file.startsWith('docs/api/')) return undefined;
  return file.slice('docs/'.length).replace(/README\.md$/, 'index.md');
}

/** The title of a page: its first heading. */
function titleOf(file: string): string {
  const heading = /^# (.+)$/m.exec(readFileSync(join(root, file), 'utf8'));
  return heading?.[1]?.replaceAll('`', '') ?? file;
}

/** Links to the pages of a folder: those in `first`, in that order, then the others. Without `first`: by name. */
function linksTo(folder: string, first: readonly string[] = []): DefaultTheme.SidebarItem[] {
  const names = readdirSync(join(root, folder)).filter((name) => /\.md$/.test(name) && name !== 'README.md');
  const place = (name: string) => (first.indexOf(name.slice(0, -3)) + names.length) % names.length;
  const sorted = first.length > 0 ? names.sort((a, b) => place(a) - place(b)) : names.sort();
  return sorted.map((name) => linkTo(`${folder}/${name}`));
}

const linkTo = (file: string, text = titleOf(file)): DefaultTheme.SidebarItem => ({
  text,
  link: `/${pageOf(file)?.replace(/(index)?\.md$/, '')}`,
});

/** The pages of the reference: one for each module. */
function references(): DefaultTheme.SidebarItem[] {
  const files = readdirSync(join(root, 'docs/reference/@clr'), { recursive: true, encoding: 'utf8' });
  return files
    .filter((name) => name.endsWith('.md'))
    .sort()
    .map((name) => linkTo(`docs/reference/@clr/${name}`));
}

const packages = readdirSync(join(root, 'packages')).map((name) => `packages/${name}/README.md`);

/** The anchor of a heading. It is made as on GitHub, so that links work both there and on the site. */
const anchorOf = (heading: string): string =>
  heading
    .toLowerCase()
    .replaceAll(/[^\p{L}\p{N}\s_-]/gu, '')
    .trim()
    .replaceAll(/\s/g, '-');

interface Token {
  type: string;
  tag: string;
  children: Token[] | null;
  attrs: [string, string][] | null;
}

/**
 * Pages link to each other, and to sources, by their paths in the repository, so that the links work there too. On the
 * site a link to a page leads to the page. A link to another file becomes text.
 */
function placeLinks(tokens: readonly Token[], file: string): void {
  for (const { children } of tokens) {
    const open: boolean[] = [];
    for (const token of children ?? []) {
      if (token.type === 'link_open') {
        const href = token.attrs?.find(([name]) => name === 'href');
        const to = href && !/^([a-z]+:|#|\/)/.test(href[1]) ? placed(href[1], file) : href?.[1];
        if (href && to) href[1] = to;
        if (!to) Object.assign(token, { tag: 'span', attrs: [['class', 'file']] });
        open.push(to !== undefined);
      } else if (token.type === 'link_close' && open.pop() === false) token.tag = 'span';
    }
  }
}

function placed(href: string, file: string): string | undefined {
  const [path = '', anchor] = href.split('#');
  const target = normalize(join(dirname(file), path)).replace(/\/$/, '');
  const markdown = [target, `${target}/README.md`].find(
    (at) => at.endsWith('.md') && existsSync(join(root, at)),
  );
  const page = markdown && pageOf(markdown);
  return page && `/${page}${anchor === undefined ? '' : `#${anchor}`}`;
}

const config: UserConfig<DefaultTheme.Config> = {
  title: 'clr',
  description:
    'The learning-rate toolkit for JavaScript: cyclical policies, the LR range test, and training.',
  lang: 'en',
  srcDir: '..',
  srcExclude: [
    'README.md',
    'AGENTS.md',
    '{.github,.changeset,benchmarks,findings,tooling,datasets,templates}/**',
    'docs/api/**',
    '**/CHANGELOG.md',
    '**/{models,src,test}/**',
  ],
  rewrites: (file: string) => pageOf(file) ?? file,
  cleanUrls: false,
  lastUpdated: false,
  markdown: {
    anchor: { slugify: anchorOf },
    theme: { light: 'github-light-high-contrast', dark: 'github-dark-high-contrast' },
    config(md) {
      md.core.ruler.push('place-links', ({ tokens, env }) => {
        const file = normalize((env.realPath ?? env.path) as string).slice(normalize(root).length);
        placeLinks(tokens as Token[], file);
      });
    },
  },
  vite: {
    build: { chunkSizeWarningLimit: 4000 },
  },
  themeConfig: {
    search: { provider: 'local' },
    outline: [2, 3],
    nav: [
      { text: 'Guide', link: '/guide' },
      { text: 'Policies', link: '/policies/' },
      { text: 'Recipes', link: '/recipes/' },
      { text: 'Coming from', link: '/migrate/' },
      { text: 'Reference', link: '/reference/' },
    ],
    sidebar: [
      {
        text: 'Start',
        items: [linkTo('docs/guide.md'), linkTo('docs/glossary.md'), linkTo('docs/runtimes.md')],
      },
      { text: 'Recipes', items: linksTo('docs/recipes') },
      { text: 'Coming from', items: linksTo('docs/migrate') },
      {
        text: 'Policies',
        items: [linkTo('docs/policies/README.md', 'All of them'), ...linksTo('docs/policies')],
      },
      { text: 'Packages', items: packages.map((file) => linkTo(file)) },
      { text: 'Reference', items: references() },
      {
        text: 'Facts',
        items: [
          'measured',
          'reproduction',
          'known-differences',
          'onnx-models',
          'onnx-training-model',
          'coverage',
        ].map((name) => linkTo(`docs/${name}.md`)),
      },
      { text: 'Decisions', items: linksTo('docs/adr') },
      { text: 'The project', items: [linkTo('CONTRIBUTING.md'), linkTo('SECURITY.md')] },
    ],
  },
};

export default config;
