// SPDX-License-Identifier: AGPL-3.0-or-later
//
// A browser's phone without a browser: JsSIP over the WebSocket of `ws`, with the WebRTC of `@roamhq/wrtc`.
//
//     node jssip_phone.js register|call|answer ws://127.0.0.1:5060/ USER [WHOM]
//
// `register`: register, and sign off. `call`: call WHOM, hang up when the call stands. `answer`: register, take one call, hang up
// after a second. It writes a line for each thing that happens; its exit code is 0 when all went well.

const WebSocket = require("ws");
const wrtc = require("@roamhq/wrtc");

const [, , task, url, user, whom] = process.argv;
const host = new URL(url).host;
const LIMIT_MS = 20_000;
const CALL_MS = { call: 200, answer: 1_000 };

// What JsSIP looks for in a browser.
Object.assign(globalThis, wrtc);
globalThis.window = globalThis;
globalThis.WebSocket = class extends WebSocket {
  constructor(address, protocols) {
    super(address, protocols, { origin: `http://${host}` });
  }
};
const silence = async () => new MediaStream([new wrtc.nonstandard.RTCAudioSource().createTrack()]);
const browser = { userAgent: "node", mediaDevices: { getUserMedia: silence } };
Object.defineProperty(globalThis, "navigator", { value: browser, configurable: true });

const JsSIP = require("jssip");
const media = { mediaConstraints: { audio: true, video: false } };
const phone = new JsSIP.UA({
  sockets: [new JsSIP.WebSocketInterface(url)],
  uri: `sip:${user}@${host}`,
  password: "password",
  register: task !== "call",
  session_timers: false,
});

function end(code, why) {
  console.log(why);
  phone.stop();
  setTimeout(() => process.exit(code), 300);
}

phone.on("connected", () => {
  console.log("connected");
  if (task === "call") phone.call(`sip:${whom}@${host}`, media);
});
phone.on("registered", () => {
  console.log("registered");
  if (task === "register") end(0, "done");
});
phone.on("registrationFailed", ({ cause }) => end(1, `not registered: ${cause}`));
phone.on("newRTCSession", ({ originator, session }) => {
  session.on("confirmed", () => {
    console.log("the call stands");
    setTimeout(() => session.terminate(), CALL_MS[task]);
  });
  session.on("failed", ({ cause }) => end(1, `no call: ${cause}`));
  session.on("ended", ({ originator: by }) => end(0, `${by} hung up`));
  if (originator === "remote") session.answer(media);
});
phone.start();
setTimeout(() => end(2, "nothing came of it"), LIMIT_MS);
