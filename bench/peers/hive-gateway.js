/** Hive Gateway as it comes. */
import { serveByHive } from './support/hive-before-yoga.js';

await serveByHive({});
