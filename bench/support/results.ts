/** `bench/results/`: what was measured, each kind of it in one file. */
import { existsSync, readFileSync } from 'node:fs';

function resultsUrl(name: string): URL {
  return new URL(`../results/${name}`, import.meta.url);
}

export function readResults<T>(name: string): T {
  return JSON.parse(readFileSync(resultsUrl(name), 'utf8')) as T;
}

export function hasResults(name: string): boolean {
  return existsSync(resultsUrl(name));
}
