/** A work made ready: its requests in a file, and what must be answered to some of them. */
import { ask, faultOf } from './answers.ts';
import { servers } from './servers.ts';
import type { Stage } from './stage.ts';
import type { Work } from './works.ts';

/** A request, and the data that must come. */
export type Sample = { request: string; data: unknown };

export type Task = {
  work: Work;
  /** How many different requests there are. */
  requestCount: number;
  bodiesFile: string;
  samples: readonly Sample[];
};

/** How many answers are compared before a server is measured, where they differ. */
const samplesPerWork = 60;
const [vitrine] = servers;

/** What must be answered is what Vitrine answers, asked by nobody else. */
export async function prepare(stage: Stage, work: Work): Promise<Task> {
  if (vitrine === undefined) throw new Error('There is no server to ask.');
  const requests = work.requests();
  const bodiesFile = await stage.write(work, requests);
  const reference = await stage.start(vitrine, work);
  try {
    const samples: Sample[] = [];
    for (const request of samplesOf(requests)) {
      const answer = await ask(reference.target, request);
      const fault = faultOf(answer, answer.data);
      if (fault !== undefined) throw new Error(`${work.name}: Vitrine ${fault}`);
      samples.push({ request, data: answer.data });
      // By what it says of an answer that it has kept.
      if (requests.length === 1) await stage.keepAnswer(work, await ask(reference.target, request));
    }
    return { work, requestCount: requests.length, bodiesFile, samples };
  } finally {
    await reference.stop();
  }
}

/** From the end, so that they are not those that come first. */
function samplesOf(requests: readonly string[]): string[] {
  return [...new Set(requests.slice(-samplesPerWork))];
}
