'use strict';
// Fills in the figures once a second, and the attempts when there are new ones.
const state = document.getElementById('state');
const list = document.getElementById('attempts');
const number = new Intl.NumberFormat('en');
let shown = -1;

function uptime(s) {
const d = Math.floor(s / 86400), h = Math.floor(s / 3600) % 24, m = Math.floor(s / 60) % 60;
if (d) return `${d} d ${h} h`;
if (h) return `${h} h ${m} min`;
return m ? `${m} min ${s % 60} s` : `${s} s`;
}

function say(text, kind) {
if (state.textContent !== text) state.textContent = text;
state.className = `state ${kind}`;
}

async function get(path) {
const answer = await fetch(path, {cache: 'no-store', headers: {Accept: 'application/json'}, signal: AbortSignal.timeout(8000)});
if (!answer.ok) throw new Error(answer.status);
return answer.json();
}

function cell(row, text) {
row.insertCell().textContent = text;
}

async function attempts(total) {
const lines = await get('/attempts.json');
list.replaceChildren();
const head = list.insertRow();
for (const text of ['when', 'port', 'from', 'what became of it']) {
const th = document.createElement('th');
th.textContent = text;
head.append(th);
}
for (const a of lines.slice(0, 20)) {
const row = list.insertRow();
cell(row, a.time.replace('T', ' ').replace('Z', ''));
cell(row, a.port);
cell(row, a.from);
cell(row, a.times > 1 ? `${a.result} (${a.times} times)` : a.result);
}
shown = total;
}

async function look() {
try {
const c = await get('/counters');
for (const e of document.querySelectorAll('[data-show]')) {
const key = e.dataset.show;
e.textContent = key === 'uptime' ? uptime(c.uptime_s) : number.format(c[key]);
}
const total = c.handshakes + c.failures + c.limited + c.full;
if (total !== shown) await attempts(total);
say('live', 'on');
} catch {
say('no answer', 'off');
}
setTimeout(look, document.hidden ? 10000 : 1000);
}

const challenge = document.getElementById('challenge');
const random = crypto.getRandomValues(new Uint8Array(16));
challenge.value ||= Array.from(random, b => b.toString(16).padStart(2, '0')).join('');
look();
