// A folder of small colour pictures for an InfoGAN: faces that DiceBear puts together from drawn parts.
//
//     npm install @dicebear/core @dicebear/adventurer @resvg/resvg-js
//     node tools/draw_faces.mjs faces 20000
//
// Face i depends on i alone. The parts are "Adventurer" by Lisa Wischofsky, CC BY 4.0.

import { mkdirSync, writeFileSync } from 'node:fs';
import * as adventurer from '@dicebear/adventurer';
import { createAvatar } from '@dicebear/core';
import { Resvg } from '@resvg/resvg-js';

const SIDE = 64; // pixels
const GROUNDS = ['b6e3f4', 'c0aede', 'ffd5dc', 'ffdfbf', 'd1d4f9'];

const [directory, count] = process.argv.slice(2);
if (!directory || !/^[1-9]\d*$/.test(count ?? '')) {
  console.error('usage: node tools/draw_faces.mjs DIRECTORY COUNT');
  process.exit(2);
}
mkdirSync(directory, { recursive: true });
for (let number = 0; number < Number(count); number++) {
  const svg = createAvatar(adventurer, { seed: `face ${number}`, backgroundColor: GROUNDS }).toString();
  const picture = new Resvg(svg, { fitTo: { mode: 'width', value: SIDE }, font: { loadSystemFonts: false } });
  writeFileSync(`${directory}/${String(number).padStart(5, '0')}.png`, picture.render().asPng());
}
