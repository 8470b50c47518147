/** The one style sheet of all pages: no script, light and dark, phone to desktop, printable. */
export const style = `
:root {
  color-scheme: light dark;
  --ground: #ffffff; --raised: #f5f6f8; --line: #d5d9e0; --text: #1b1f27; --soft: #555d6b;
  --link: #0b57b3; --focus: #b35c00;
  --good: #1a6f3c; --bad: #b3261e; --warn: #8a5300; --quiet: #5a6472;
  --good-ground: #e3f3e8; --bad-ground: #fbe6e4; --warn-ground: #fbeed9; --quiet-ground: #eceef2;
  --stage: #4a5568; --stage-text: #ffffff;
  --delivered: #3a9a5f; --soft-bounced: #e0a030; --bounced: #cc4b42; --dropped: #8c5bb0; --unsettled: #8f99a8;
}
@media (prefers-color-scheme: dark) {
  :root {
    --ground: #14171c; --raised: #1d2128; --line: #353b46; --text: #e7eaf0; --soft: #a7b0bf;
    --link: #8ab8ff; --focus: #ffb45c;
    --good: #7ed6a0; --bad: #ff9d94; --warn: #ffc46b; --quiet: #b4bdca;
    --good-ground: #17301f; --bad-ground: #3d1b19; --warn-ground: #382a12; --quiet-ground: #272c35;
  }
}
* { box-sizing: border-box; }
html { font: 16px/1.5 system-ui, -apple-system, 'Segoe UI', 'PingFang SC', 'Microsoft YaHei', 'Noto Sans CJK SC', sans-serif; }
body { margin: 0; background: var(--ground); color: var(--text); overflow-wrap: anywhere; }
a { color: var(--link); }
/* Within a date it is one of its parts that has the focus. */
:focus-visible, input:focus-within { outline: 3px solid var(--focus); outline-offset: 2px; }
.skip { position: absolute; left: -100vw; }
.skip:focus { left: 0.5rem; top: 0.5rem; background: var(--ground); padding: 0.5rem; z-index: 1; }
.stage { background: var(--stage); color: var(--stage-text); padding: 0.4rem 1rem; display: flex; flex-wrap: wrap; gap: 0.2rem 1rem; font-size: 0.9rem; }
.stage strong { font-weight: 600; }
.stage-local { --stage: #3c4a63; }
.stage-dev { --stage: #1f6b45; }
.stage-staging { --stage: #7a5200; }
.stage-prod { --stage: #a1211a; }
.stage-0 { --stage: #2b5a9b; } .stage-1 { --stage: #6a3d9a; } .stage-2 { --stage: #00687a; }
.stage-3 { --stage: #8a3b6b; } .stage-4 { --stage: #5b5f16; } .stage-5 { --stage: #474c91; }
nav ul { list-style: none; margin: 0; padding: 0 0.75rem; display: flex; flex-wrap: wrap; border-bottom: 1px solid var(--line); background: var(--raised); }
nav a { display: block; padding: 0.6rem 0.6rem; text-decoration: none; color: var(--text); border-bottom: 3px solid transparent; }
nav a:hover { text-decoration: underline; }
nav a[aria-current] { border-bottom-color: var(--link); font-weight: 600; }
main { max-width: 76rem; margin: 0 auto; padding: 1rem; }
footer { max-width: 76rem; margin: 0 auto; padding: 0.5rem 1rem 2rem; color: var(--soft); font-size: 0.85rem; }
h1 { font-size: 1.5rem; line-height: 1.25; margin: 0.5rem 0 1rem; }
h2 { font-size: 1.15rem; margin: 2rem 0 0.6rem; }
form { display: flex; flex-wrap: wrap; gap: 0.75rem; align-items: end; margin: 0 0 1rem; }
form.change { display: block; background: var(--raised); border: 1px solid var(--line); border-radius: 6px; padding: 1rem; margin-top: 1rem; max-width: 46rem; }
form.change h2 { margin-top: 0; }
form.change p { margin: 0 0 0.75rem; }
form.change .field { margin-bottom: 0.75rem; }
.field { display: flex; flex-direction: column; gap: 0.2rem; max-width: 100%; }
.field.wide { flex: 1 1 20rem; }
.check { display: flex; gap: 0.5rem; align-items: baseline; margin-bottom: 0.75rem; }
label { font-size: 0.85rem; color: var(--soft); }
.check label { font-size: 1rem; color: var(--text); }
input, select, button { font: inherit; color: var(--text); background: var(--ground); border: 1px solid var(--quiet); border-radius: 4px; padding: 0.4rem 0.6rem; max-width: 100%; min-height: 2.5rem; }
.check input { min-height: 0; }
button { background: var(--raised); cursor: pointer; }
button.main { background: var(--link); border-color: var(--link); color: var(--ground); }
button:hover { filter: brightness(0.95); }
.scroll { overflow-x: auto; max-width: 100%; border: 1px solid var(--line); border-radius: 6px; }
table { border-collapse: collapse; width: 100%; font-size: 0.9rem; }
th, td { text-align: left; vertical-align: top; padding: 0.4rem 0.6rem; border-bottom: 1px solid var(--line); min-width: 4rem; max-width: 28rem; overflow-wrap: break-word; }
tbody tr:last-child td { border-bottom: 0; }
th { color: var(--soft); font-weight: 600; background: var(--raised); white-space: nowrap; }
.figure { text-align: right; font-variant-numeric: tabular-nums; white-space: nowrap; }
.whole { white-space: nowrap; }
.badge { display: inline-block; padding: 0 0.5rem; border-radius: 999px; font-size: 0.85rem; font-weight: 600; white-space: nowrap; background: var(--quiet-ground); color: var(--quiet); }
.good { background: var(--good-ground); color: var(--good); }
.bad { background: var(--bad-ground); color: var(--bad); }
.warn { background: var(--warn-ground); color: var(--warn); }
.soft { color: var(--soft); }
.notice { border-left: 4px solid var(--quiet); background: var(--quiet-ground); padding: 0.6rem 0.9rem; margin: 0 0 1rem; border-radius: 0 4px 4px 0; }
.notice.bad, .notice.good, .notice.warn { color: var(--text); }
.notice.bad { border-color: var(--bad); } .notice.good { border-color: var(--good); } .notice.warn { border-color: var(--warn); }
dl { margin: 0; font-size: 0.9rem; }
dl > div { display: grid; grid-template-columns: minmax(7rem, 14rem) 1fr; gap: 0.25rem 1rem; padding: 0.25rem 0; border-bottom: 1px solid var(--line); }
dt { color: var(--soft); }
dd { margin: 0; }
ol.timeline { list-style: none; margin: 0; padding: 0 0 0 1rem; border-left: 2px solid var(--line); }
ol.timeline > li { position: relative; padding: 0 0 1rem 0.75rem; }
ol.timeline > li::before { content: ''; position: absolute; left: calc(-1rem - 6px); top: 0.5rem; width: 10px; height: 10px; border-radius: 50%; background: var(--quiet); }
ol.timeline > li.is-good::before { background: var(--good); }
ol.timeline > li.is-bad::before { background: var(--bad); }
ol.timeline > li.is-warn::before { background: var(--warn); }
.timeline p { margin: 0.15rem 0; }
.timeline .advice { border-left: 3px solid var(--line); padding-left: 0.6rem; }
details summary { cursor: pointer; color: var(--soft); font-size: 0.85rem; }
pre, code { font-family: ui-monospace, SFMono-Regular, Menlo, Consolas, monospace; font-size: 0.85rem; }
pre { background: var(--raised); border: 1px solid var(--line); border-radius: 6px; padding: 0.75rem; overflow-x: auto; white-space: pre-wrap; }
.figures { display: grid; grid-template-columns: repeat(auto-fill, minmax(11rem, 1fr)); gap: 0.75rem; margin: 0 0 1rem; padding: 0; list-style: none; }
.figures > li { background: var(--raised); border: 1px solid var(--line); border-radius: 6px; padding: 0.6rem 0.8rem; }
.figures .name { display: block; color: var(--soft); font-size: 0.85rem; }
.figures .value { display: block; font-size: 1.35rem; font-weight: 600; font-variant-numeric: tabular-nums; overflow-wrap: normal; }
.bar { display: block; width: 5rem; height: 0.6rem; margin-top: 0.45rem; }
.bar-ground { fill: var(--quiet-ground); } .bar-share { fill: var(--link); }
.problem-list { list-style: none; padding: 0; margin: 0; }
.problem-list > li { border-top: 1px solid var(--line); padding: 0.75rem 0; }
.problem-list p { margin: 0.15rem 0; }
.links { display: flex; flex-wrap: wrap; gap: 0.25rem 1.25rem; margin: 0 0 1rem; padding: 0; list-style: none; }
figure { margin: 0 0 1.5rem; }
figcaption { font-size: 0.95rem; font-weight: 600; margin-bottom: 0.4rem; }
.legend { list-style: none; padding: 0; margin: 0 0 0.3rem; display: flex; flex-wrap: wrap; gap: 0.2rem 1rem; font-size: 0.85rem; color: var(--soft); }
.legend li::before { content: ''; display: inline-block; width: 0.8em; height: 0.8em; margin-right: 0.4em; border-radius: 2px; background: var(--quiet); }
.legend .of-delivered::before { background: var(--delivered); } .legend .of-soft-bounced::before { background: var(--soft-bounced); }
.legend .of-bounced::before, .legend .of-rate-0::before { background: var(--bounced); } .legend .of-dropped::before, .legend .of-rate-1::before { background: var(--dropped); }
.legend .of-unsettled::before { background: var(--unsettled); }
svg.plot { display: block; max-width: 100%; height: auto; background: none; color: var(--text); font-family: inherit; font-size: 11px; overflow: visible; }
.plot .of-delivered rect { fill: var(--delivered); } .plot .of-soft-bounced rect { fill: var(--soft-bounced); }
.plot .of-bounced rect { fill: var(--bounced); } .plot .of-dropped rect { fill: var(--dropped); } .plot .of-unsettled rect { fill: var(--unsettled); }
.plot .of-rate-0 path { stroke: var(--bounced); } .plot .of-rate-1 path { stroke: var(--dropped); }
.plot .of-rate-0 circle { fill: var(--bounced); } .plot .of-rate-1 circle { fill: var(--dropped); }
@media (max-width: 40rem) {
  dl > div { grid-template-columns: 1fr; gap: 0; }
  main { padding: 0.75rem; }
  h1 { font-size: 1.3rem; }
}
@media print {
  nav, form, .skip { display: none; }
  .scroll { overflow: visible; border: 0; }
  figure, tr, li { break-inside: avoid; }
  a { color: inherit; text-decoration: none; }
}
`
