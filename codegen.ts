/** Types of resolvers, made of the schema: `npm run codegen`. A check fails when they are stale. */
import type { CodegenConfig } from '@graphql-codegen/cli';

const config: CodegenConfig = {
  schema: ['src/graphql/shared.graphql', 'schema/*.graphql'],
  generates: {
    'src/graphql/generated/resolvers.ts': {
      plugins: ['typescript', 'typescript-resolvers'],
      config: {
        // Types are stripped, not compiled: no `enum`, no import of a type as a value, `.ts` in every path.
        importExtension: '.ts',
        useTypeImports: true,
        enumsAsTypes: true,
        strictScalars: true,
        scalars: { DateTime: 'Date', URL: 'URL' },
        contextType: '../context.ts#Context',
        mappers: {
          Catalog: '../../catalog/catalogs.ts#Catalog as CatalogRow',
          Seller: '../../catalog/sellers.ts#Seller as SellerRow',
        },
      },
    },
  },
};

export default config;
