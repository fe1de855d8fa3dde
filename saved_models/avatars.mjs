// Draws faces of 16x16 pixels, enlarged: 50,000 in `train` and 10,000 in `test`, no two alike.
//
//     npm install --no-save @dicebear/core@9.4.3 @dicebear/pixel-art@9.4.3 @resvg/resvg-js@2.6.2
//     node saved_models/avatars.mjs ./avatars32 32
//
// The style is DiceBear's Pixel Art, whose licence is CC0 1.0 (dicebear.com/licenses): a seed picks skin,
// hair, eyes, mouth, clothes, and sometimes glasses, a beard, a hat or earrings. The ground is white.
import fs from "node:fs";
import { createAvatar } from "@dicebear/core";
import * as pixelArt from "@dicebear/pixel-art";
import { Resvg } from "@resvg/resvg-js";

const PARTS = { train: [0, 50000], test: [50000, 60000] };
const [folder, side] = process.argv.slice(2);
if (!(Number(side) >= 16)) {
  console.error("Give a folder to write to, and a side of 16 pixels or more: node saved_models/avatars.mjs ./avatars32 32");
  process.exit(2);
}
const options = { background: "white", fitTo: { mode: "width", value: Number(side) } };

for (const [part, [first, end]] of Object.entries(PARTS)) {
  fs.mkdirSync(`${folder}/${part}`, { recursive: true });
  for (let seed = first; seed < end; seed++) {
    const svg = createAvatar(pixelArt, { seed: String(seed) }).toString();
    fs.writeFileSync(`${folder}/${part}/${seed}.png`, new Resvg(svg, options).render().asPng());
  }
}
