#!/usr/bin/env node
// Plain JavaScript that any Node understands: the TypeScript behind it needs one that strips types.
const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);
if (major < 22 || (major === 22 && minor < 19)) {
  console.error(
    `Vitrine needs Node 22.19 or newer; this is ${process.versions.node}. ` +
      'npm ci brings one, which npm start uses, unless optional dependencies or install scripts are turned off.',
  );
  process.exit(1);
}
const { run } = await import('../src/cli/index.ts');
await run(process.argv.slice(2));
