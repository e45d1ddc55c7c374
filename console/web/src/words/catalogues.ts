// The words of every noun and of the shell, put together when the pages are built: one pair of files in each words/ folder.
export type Words = { [key: string]: string | Words };

const files = import.meta.glob<Words>(["../shell/words/*.json", "../nouns/*/words/*.json"], { eager: true, import: "default" });

/** All words of a language. A key at the top belongs to one noun only; a second owner is a fault. */
export function catalogue(language: string): Words {
  const out: Words = {};
  for (const [path, words] of Object.entries(files)) {
    if (!path.endsWith(`/${language}.json`)) continue;
    for (const [key, value] of Object.entries(words)) {
      if (key in out) throw new Error(`${path}: the words "${key}" belong to another noun already`);
      out[key] = value;
    }
  }
  return out;
}
