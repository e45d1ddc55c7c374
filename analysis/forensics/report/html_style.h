#pragma once
// The report's style sheet: light, dark and print; every text at least 4.5 : 1 against its ground.

namespace invigil {

inline constexpr const char* kReportStyle = R"(
:root{color-scheme:light dark;--ground:#fff;--ink:#1c2330;--dim:#5b6576;--line:#d9dee6;--soft:#f4f6f9;--strong:#b42318;--review:#93370d;--note:#1d5a9e;--mark:#fde3e0;--zone:#fdf1e3;--dot:#3f6ea8}
@media(prefers-color-scheme:dark){:root{--ground:#12161c;--ink:#e6e9ef;--dim:#a3aebd;--line:#343d4a;--soft:#1b212a;--strong:#ff9b8f;--review:#ffb976;--note:#86bdff;--mark:#5c1f19;--zone:#33281a;--dot:#7fb0ea}}
@media print{:root{--ground:#fff;--ink:#000;--dim:#444;--line:#bbb;--soft:#f6f6f6;--strong:#b42318;--review:#93370d;--note:#1d5a9e;--mark:#fde3e0;--zone:#fdf1e3;--dot:#3f6ea8}.choice,.toc{display:none!important}body{padding:0!important;font-size:12px!important}h2{break-after:avoid}}
*{box-sizing:border-box}html{scroll-behavior:smooth}body{font:15px/1.6 system-ui,"Noto Sans CJK SC","PingFang SC","Microsoft YaHei",sans-serif;background:var(--ground);color:var(--ink);margin:0 auto;max-width:1120px;padding:28px 24px 64px}
.pick{position:absolute;opacity:0;pointer-events:none}#zh:checked~* .en,#en:checked~* .zh{display:none}
.choice{float:right;display:flex;border:1px solid var(--line);border-radius:6px;overflow:hidden}.choice label{padding:4px 14px;cursor:pointer;color:var(--ink)}
#zh:checked~header label[for=zh],#en:checked~header label[for=en]{background:var(--ink);color:var(--ground)}
#zh:focus-visible~header label[for=zh],#en:focus-visible~header label[for=en],a:focus-visible,summary:focus-visible,.scroll:focus-visible{outline:3px solid var(--note);outline-offset:2px}
h1{font-size:26px;margin:0 0 4px}h2{font-size:20px;margin:40px 0 10px;padding-bottom:6px;border-bottom:1px solid var(--line)}h3{font-size:16px;margin:22px 0 6px}
p,li{max-width:78ch}.dim{color:var(--dim)}a{color:var(--note)}ul{padding-left:22px}.toc{display:flex;flex-wrap:wrap;gap:4px 18px;margin:14px 0}
.cards{display:grid;grid-template-columns:repeat(auto-fit,minmax(150px,1fr));gap:12px;margin:18px 0}.card{background:var(--soft);border-radius:8px;padding:12px 16px}
.card b{display:block;font-size:25px;line-height:1.3;font-variant-numeric:tabular-nums}.verdict{border-left:4px solid var(--note);background:var(--soft);padding:10px 16px;border-radius:0 8px 8px 0;margin:16px 0}.verdict p{margin:4px 0}
.scroll{overflow-x:auto}table{border-collapse:collapse;font-variant-numeric:tabular-nums}.scroll>table{width:100%}th,td{text-align:left;padding:6px 12px 6px 0;border-bottom:1px solid var(--line);vertical-align:top}
thead th{font-weight:600;color:var(--dim);font-size:13px}td.n,th.n{text-align:right;white-space:nowrap}.tight td{white-space:nowrap}tr:target>*{background:var(--zone)}sup{line-height:0}
.tag{white-space:nowrap;font-weight:600}.strong{color:var(--strong)}.review{color:var(--review)}.note{color:var(--note)}
.pair{border:1px solid var(--line);border-radius:8px;padding:12px 16px;margin:14px 0;break-inside:avoid}.pair:target{border-color:var(--note)}.pair h3{margin:0 0 4px}.pair p{margin:4px 0}
.answers{font:14px/1.45 ui-monospace,"DejaVu Sans Mono",Consolas,monospace;margin-top:8px;display:block;overflow-x:auto}.answers th,.answers td{border:0;padding:0 14px 0 0;white-space:pre;font-weight:400}
.answers th{max-width:18ch;overflow:hidden;text-overflow:ellipsis}.answers .ruler{color:var(--dim)}.answers .ruler:nth-child(4n+1)>*{padding-top:8px;font-size:12px}.answers tr.ruler:nth-child(4n+1) td{font-size:14px}
.answers i{font-style:normal;color:var(--dim)}.answers u{text-decoration:none;color:var(--ink)}.answers b{background:var(--mark);color:var(--strong);text-decoration:underline;text-underline-offset:3px}
figure{margin:0}figcaption{font-weight:600;margin-bottom:4px}svg{max-width:100%;height:auto}svg text{font:12px system-ui,"Noto Sans CJK SC",sans-serif;fill:var(--dim)}
.plots{display:grid;grid-template-columns:repeat(auto-fit,minmax(min(440px,100%),1fr));gap:24px}.rooms{display:flex;flex-wrap:wrap;gap:22px}
.frame{fill:none;stroke:var(--line)}.dash{stroke:var(--dim);stroke-dasharray:5 4}.zone{fill:var(--zone)}.dot{fill:var(--dot);fill-opacity:.75}.hot{fill:var(--strong)}svg text.in{fill:var(--ground);font-weight:700}
.seat{fill:var(--soft);stroke:var(--dim)}.link{stroke:var(--strong);stroke-width:3}svg a text{cursor:pointer}
)";

}  // namespace invigil
