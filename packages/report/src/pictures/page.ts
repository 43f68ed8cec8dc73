import { cssVariables } from '../chart/theme.ts';
import { escapeText } from '../words/words.ts';

const style = `
:root{color-scheme:light dark;${cssVariables('light')}}
@media (prefers-color-scheme:dark){:root{${cssVariables('dark')}}}
*{box-sizing:border-box}
body{margin:0 auto;padding:1.5rem 1rem 3rem;max-width:64rem;font:1rem/1.55 system-ui,sans-serif;color:var(--ink);background:var(--surface);overflow-wrap:break-word}
h1{font-size:1.7rem;line-height:1.25;margin:0 0 1rem}
h2{font-size:1.25rem;margin:2.5rem 0 .75rem}
p,ul{max-width:46rem}
figure{margin:1rem 0}
figure svg{display:block;width:100%;height:auto}
.narrow{display:none}
@media (max-width:42rem){.wide{display:none}.narrow{display:block}}
.table{overflow-x:auto}
table{border-collapse:collapse;font-variant-numeric:tabular-nums}
caption{text-align:left;color:var(--muted);padding:.25rem 0}
th,td{padding:.35rem .9rem .35rem 0;text-align:left;border-bottom:1px solid var(--grid);white-space:nowrap}
th[scope=row]{font-weight:600}
thead th{white-space:normal;vertical-align:bottom}
summary{cursor:pointer}
pre{overflow-x:auto;padding:.75rem;border:1px solid var(--grid)}
@media print{body{max-width:none}}
`;

/** The HTML document around a report's body. Its content security policy forbids every request. */
export function page(title: string, body: string): string {
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width,initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<title>${escapeText(title)}</title>
<style>${style}</style>
</head>
<body>
<main>
<h1>${escapeText(title)}</h1>
${body}
</main>
</body>
</html>
`;
}
