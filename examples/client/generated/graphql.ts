/* eslint-disable */
/** Internal type. DO NOT USE DIRECTLY. */
type Exact<T extends { [key: string]: unknown }> = { [K in keyof T]: T[K] };
/** Internal type. DO NOT USE DIRECTLY. */
export type Incremental<T> = T | { [P in keyof T]?: P extends ' $fragmentName' | '__typename' ? T[P] : never };
import type { DateTime } from '../scalars.ts';
import type { DocumentTypeDecoration } from '@graphql-typed-document-node/core';
export type ComingSalesQueryVariables = Exact<{
  from: Date;
  first: number;
}>;


export type ComingSalesQuery = { catalogs: { nodes: Array<{ title: string, startDate: DateTime, seller: { name: string } | null }> } | null };

export class TypedDocumentString<TResult, TVariables>
  extends String
  implements DocumentTypeDecoration<TResult, TVariables>
{
  __apiType?: NonNullable<DocumentTypeDecoration<TResult, TVariables>['__apiType']>;
  private value: string;
  public __meta__?: Record<string, any> | undefined;

  constructor(value: string, __meta__?: Record<string, any> | undefined) {
    super(value);
    this.value = value;
    this.__meta__ = __meta__;
  }

  override toString(): string & DocumentTypeDecoration<TResult, TVariables> {
    return this.value;
  }
}

export const ComingSalesDocument = new TypedDocumentString(`
    query ComingSales($from: DateTime!, $first: Int!) {
  catalogs(
    first: $first
    filter: {startsFrom: $from}
    orderBy: {field: START_DATE}
  ) {
    nodes {
      title
      startDate
      seller {
        name
      }
    }
  }
}
    `) as unknown as TypedDocumentString<ComingSalesQuery, ComingSalesQueryVariables>;