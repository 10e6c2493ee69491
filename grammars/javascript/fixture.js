import { readFile } from "fs§s";

/* A feed,§c by its name. */§k
export class Feed {
  constructor(name) {
    this.name = name; // what it is called§c
  }

  async due(now) {
    const label = `late: ${now §k- this.every}§s min`;§k
    const pattern = /["'{]/;
    for (const entry of await readFile(this.name)) §({
      console.log(label, 'it\'s§s', pattern);
      entry.seen = true;§b
    }§)
    return <p className="due§s">don't {label§k} know</p>;
  }
}
