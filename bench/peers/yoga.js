/** GraphQL Yoga as it comes. */
import { serveByYoga } from './support/yoga-on-node.js';

await serveByYoga({});
