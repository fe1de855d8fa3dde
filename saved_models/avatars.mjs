// Draws faces of 16x16 pixels, enlarged: 50,000 in `train` and 10,000 in `test`, no two alike. Each part's
// `names.json` has captions: "happy face, long blond hair, glasses, red clothes". They leave out a third of
// what there is to say, or a model learns little of what the rest tells, too; `train.json` and `test.json`
// have all of it.
//
//     npm install --no-save @dicebear/core@9.4.3 @dicebear/pixel-art@9.4.3 @resvg/resvg-js@2.6.2
//     node saved_models/avatars.mjs ./avatars32 32
//
// The style is DiceBear's Pixel Art, whose licence is CC0 1.0 (dicebear.com/licenses): a seed picks skin,
// hair, eyes, mouth, clothes, and sometimes glasses, a beard, a hat or earrings. The ground is white.
import { createHash } from "node:crypto";
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
const WORDS = {
  skin: { light: ["ffdbac", "f5cfa0", "eac393", "e0b687"], brown: ["cb9e6e", "b68655"], dark: ["a26d3d", "8d5524"] },
  hair: {
    ...{ black: ["28150a"], brown: ["83623b", "603a14", "603015"], blond: ["a78961", "cab188"] },
    ...{ red: ["bd1700"], auburn: ["611c17", "612616"], blue: ["009bbd"], green: ["91cb15"] },
  },
  clothing: {
    ...{ yellow: ["ffc425", "ffd969", "ffeead"], blue: ["428bca", "5bc0de", "03396c"] },
    ...{ red: ["ff6f69", "d11141", "ae0001"], green: ["44c585", "00b159", "88d8b0"] },
  },
  hat: {
    ...{ pink: ["cc6192"], red: ["a62116"], green: ["3d8a6b"], purple: ["614f8a"], blue: ["2663a3"] },
    ...{ black: ["2e1e05"], grey: ["989789"] },
  },
};
const options = { background: "white", fitTo: { mode: "width", value: Number(side) } };

function color(parts, what) {
  const value = parts[`${what}Color`].slice(1);
  return Object.keys(WORDS[what]).find((word) => WORDS[what][word].includes(value));
}

function said(parts) {
  const says = [
    `${parts.mouth.replace(/\d/g, "")} face`,
    `${color(parts, "skin")} skin`,
    parts.hair && `${parts.hair.replace(/\d/g, "")} ${color(parts, "hair")} hair`,
    parts.glasses && (parts.glasses.startsWith("dark") ? "sunglasses" : "glasses"),
    parts.beard && "beard",
    parts.hat && `${color(parts, "hat")} hat`,
    parts.accessories && "earrings",
    `${color(parts, "clothing")} clothes`,
  ];
  return says.filter(Boolean);
}

function shortened(says, seed) {
  const bytes = createHash("sha256").update(seed).digest();
  const kept = says.filter((_, i) => bytes[i] < 171);
  return kept.length ? kept : says;
}

for (const [part, [first, end]] of Object.entries(PARTS)) {
  fs.mkdirSync(`${folder}/${part}`, { recursive: true });
  const [names, whole] = [{}, {}];
  for (let seed = first; seed < end; seed++) {
    const avatar = createAvatar(pixelArt, { seed: String(seed) });
    const says = said(avatar.toJson().extra);
    whole[`${seed}.png`] = says.join(", ");
    names[`${seed}.png`] = shortened(says, String(seed)).join(", ");
    fs.writeFileSync(`${folder}/${part}/${seed}.png`, new Resvg(avatar.toString(), options).render().asPng());
  }
  fs.writeFileSync(`${folder}/${part}/names.json`, JSON.stringify(names));
  fs.writeFileSync(`${folder}/${part}.json`, JSON.stringify(whole));
}
