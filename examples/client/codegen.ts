/** Types and typed documents for this client, made of the running gateway's schema. Paths are from the project's root. */
import type { CodegenConfig } from '@graphql-codegen/cli';

const config: CodegenConfig = {
  schema: process.env.GRAPHQL_URL || 'http://localhost:4000/graphql',
  documents: ['examples/client/*.ts', '!examples/client/*.test.ts'],
  generates: {
    'examples/client/generated/': {
      preset: 'client',
      presetConfig: { fragmentMasking: false },
      config: {
        // Node strips types: no `enum`, no import of a type as a value, `.ts` in every path.
        documentMode: 'string',
        importExtension: '.ts',
        useTypeImports: true,
        enumsAsTypes: true,
        strictScalars: true,
        // JSON has no dates: one goes out as text by itself, what comes in is text until `toDate` has read it.
        scalars: { DateTime: { input: 'Date', output: '../scalars.ts#DateTime' }, URL: 'string' },
      },
    },
  },
};

export default config;
