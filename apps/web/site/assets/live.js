'use strict';
// Fills in the figures once a second, unless paused or out of sight.
const state = document.getElementById('state');
const pause = document.getElementById('pause');
const number = new Intl.NumberFormat('en');
let timer = 0, paused = false, last = null;

function uptime(ms) {
const s = Math.floor(ms / 1000), d = Math.floor(s / 86400);
const h = Math.floor(s / 3600) % 24, m = Math.floor(s / 60) % 60;
if (d) return `${d} d ${h} h`;
if (h) return `${h} h ${m} min`;
return m ? `${m} min ${s % 60} s` : `${(ms / 1000).toFixed(1)} s`;
}

function bytes(n) {
for (const [unit, size] of [['GiB', 2 ** 30], ['MiB', 2 ** 20], ['KiB', 2 ** 10]])
if (n >= size) return `${(n / size).toFixed(n < 100 * size ? 1 : 0)} ${unit}`;
return `${n} bytes`;
}

function texts(s) {
const seconds = last ? (s.uptime_ms - last.uptime_ms) / 1000 : 0;
const rate = seconds > 0 ? (s.requests - last.requests) / seconds : 0;
return {
uptime: uptime(s.uptime_ms),
boot: s.boot_us ? `${(s.boot_us / 1000).toFixed(1)} ms` : '–',
memory: bytes(s.memory_used),
memory_of: `of ${bytes(s.memory_plan)} that is reserved`,
memory_high: bytes(s.memory_high),
memory_machine: `the machine has ${bytes(s.memory_total)}`,
connections: number.format(s.connections),
connections_high: `open now; ${number.format(s.connections_high)} at most so far`,
requests: number.format(s.requests),
rate: rate > 0 ? `${rate.toFixed(rate < 10 ? 1 : 0)} a second` : 'each look here is one more',
sent: bytes(s.sent_bytes),
frames: number.format(s.rx_frames + s.tx_frames),
image: `${s.name} ${s.version} (${s.commit}) on ${s.machine}`,
};
}

function say(text, kind) {
if (state.textContent !== text) state.textContent = text;
state.className = `state ${kind}`;
}

async function look() {
try {
const answer = await fetch('/status.json', {cache: 'no-store', signal: AbortSignal.timeout(5000)});
if (!answer.ok) throw new Error(answer.status);
const s = await answer.json(), text = texts(s);
for (const e of document.querySelectorAll('[data-show]')) e.textContent = text[e.dataset.show];
last = s;
if (!paused) say('live', 'on');
} catch {
say('no answer', 'off');
}
plan();
}

function plan() {
clearTimeout(timer);
if (!paused && !document.hidden) timer = setTimeout(look, 1000);
}

pause.hidden = false;
pause.addEventListener('click', () => {
paused = !paused;
pause.textContent = paused ? 'Go on' : 'Pause';
if (paused) {
clearTimeout(timer);
say('paused', '');
} else {
look();
}
});
document.addEventListener('visibilitychange', plan);
look();
