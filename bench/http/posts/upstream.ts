/** The API of the example by itself. */
import { startUpstream } from '../../../examples/posts/upstream.ts';

const { url } = await startUpstream(() => {});
console.log(`listening: ${url.origin}`);
