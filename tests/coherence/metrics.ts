/** The metrics page of a gateway, as numbers. */

type Labels = Readonly<Record<string, string>>;

/** One sample of the page. */
type Sample = { name: string; labels: Labels; value: number };

const samplePattern = /^(\w+)(?:\{(.*)\})? ([^ ]+)$/;
const labelPattern = /(\w+)="((?:[^"\\]|\\.)*)"/g;

export class Metrics {
  readonly #samples: readonly Sample[];

  constructor(page: string) {
    this.#samples = page.split('\n').flatMap((line) => readSample(line) ?? []);
  }

  /** The sum over all samples that have these labels; 0 when there is none. */
  sum(name: string, labels: Labels = {}): number {
    return this.#samples
      .filter((sample) => sample.name === name && hasLabels(sample, labels))
      .reduce((sum, { value }) => sum + value, 0);
  }
}

function readSample(line: string): Sample | undefined {
  const [, name, labels = '', value] = samplePattern.exec(line) ?? [];
  if (name === undefined) return undefined;
  const pairs = [...labels.matchAll(labelPattern)].map(([, label, text]) => [label, text] as const);
  return { name, labels: Object.fromEntries(pairs), value: Number(value) };
}

function hasLabels({ labels }: Sample, wanted: Labels): boolean {
  return Object.entries(wanted).every(([label, value]) => labels[label] === value);
}
