import type { GraphQLResolveInfo, GraphQLScalarType, GraphQLScalarTypeConfig } from 'graphql';
import type { Catalog as CatalogRow } from '../../catalog/catalogs.ts';
import type { Seller as SellerRow } from '../../catalog/sellers.ts';
import type { Context } from '../context.ts';
export type Maybe<T> = T | null;
export type InputMaybe<T> = Maybe<T>;
export type Omit<T, K extends keyof T> = Pick<T, Exclude<keyof T, K>>;
export type RequireFields<T, K extends keyof T> = Omit<T, K> & { [P in K]-?: NonNullable<T[P]> };
/** All built-in and custom scalars, mapped to their actual values */
export type Scalars = {
  ID: { input: string; output: string; }
  String: { input: string; output: string; }
  Boolean: { input: boolean; output: boolean; }
  Int: { input: number; output: number; }
  Float: { input: number; output: number; }
  /** An instant as RFC 3339 text with an offset, such as `2026-03-04T10:00:00.000Z`; milliseconds count, finer digits are cut. */
  DateTime: { input: Date; output: Date; }
  /** An absolute address by the WHATWG URL standard, such as `https://www.example.com/`. */
  URL: { input: URL; output: URL; }
};

/** Who may keep a copy of an answer. */
export type CacheControlScope =
  /** Only the browser of the one who asked. */
  | 'PRIVATE'
  /** Everyone: browsers, CDNs and this gateway. */
  | 'PUBLIC';

/** A sale event: the lots that come under the hammer together. */
export type Catalog = Node & {
  __typename?: 'Catalog';
  /** When bidding ends; null when that is not set. */
  endDate?: Maybe<Scalars['DateTime']['output']>;
  /** Global id. */
  id: Scalars['ID']['output'];
  /** Where the sale takes place; null when it is nowhere, or not known. */
  location?: Maybe<Scalars['String']['output']>;
  /** How many lots it has. */
  lotCount: Scalars['Int']['output'];
  /** Who sells; null when there is none, or none that is known. */
  seller?: Maybe<Seller>;
  /** Id in the API behind this gateway. */
  sourceId: Scalars['String']['output'];
  /** When bidding begins. */
  startDate: Scalars['DateTime']['output'];
  /** Where the sale stands. */
  status: CatalogStatus;
  /** Name of the sale. */
  title: Scalars['String']['output'];
  /** When it last changed. */
  updatedAt: Scalars['DateTime']['output'];
};

/** A page of catalogs. */
export type CatalogConnection = {
  __typename?: 'CatalogConnection';
  /** The rows with their cursors. */
  edges: Array<CatalogEdge>;
  /** The rows alone. */
  nodes: Array<Catalog>;
  /** Where the page lies. */
  pageInfo: PageInfo;
  /** How many catalogs match, on all pages together. */
  totalCount: Scalars['Int']['output'];
};

/** A catalog and its place in the order. */
export type CatalogEdge = {
  __typename?: 'CatalogEdge';
  /** Its place, for `after` and `before`; holds for the same filter and order only. */
  cursor: Scalars['String']['output'];
  /** The catalog. */
  node: Catalog;
};

/** Which catalogs. A part that is null or empty does not restrict. */
export type CatalogFilter = {
  /** Global id of the seller; one that no seller can have matches nothing. */
  sellerId?: InputMaybe<Scalars['ID']['input']>;
  /** Bidding begins before this instant. */
  startsBefore?: InputMaybe<Scalars['DateTime']['input']>;
  /** Bidding begins at this instant or later. */
  startsFrom?: InputMaybe<Scalars['DateTime']['input']>;
  /** Any of these. */
  status?: InputMaybe<Array<CatalogStatus>>;
  /** Part of the title; case and accents do not matter. */
  titleContains?: InputMaybe<Scalars['String']['input']>;
};

/** An order of catalogs. */
export type CatalogOrder = {
  /** Which way. */
  direction?: OrderDirection;
  /** What to sort by. */
  field: CatalogOrderField;
};

/** What catalogs can be sorted by. */
export type CatalogOrderField =
  /** When bidding begins. */
  | 'START_DATE'
  /** The title; case and accents do not matter. */
  | 'TITLE'
  /** When the catalog last changed. */
  | 'UPDATED_AT';

/** Where a sale stands. */
export type CatalogStatus =
  /** The sale does not take place. */
  | 'CANCELLED'
  /** Bidding is over. */
  | 'CLOSED'
  /** Bidding is open. */
  | 'LIVE'
  /** A status that this release does not know. */
  | 'OTHER'
  /** Bidding has not begun. */
  | 'UPCOMING';

/** Something with an id of its own, which `node` finds again. */
export type Node = {
  /** Global id: unique over all types. Opaque. */
  id: Scalars['ID']['output'];
};

/** Which way an order runs. */
export type OrderDirection =
  /** Smallest, earliest or first letter first. */
  | 'ASC'
  /** The exact reverse of `ASC`. */
  | 'DESC';

/** Where a page lies within all rows that match. */
export type PageInfo = {
  __typename?: 'PageInfo';
  /** Cursor of the last edge; null on an empty page. */
  endCursor?: Maybe<Scalars['String']['output']>;
  /** Whether a matching row sorts after this page. Exact. */
  hasNextPage: Scalars['Boolean']['output'];
  /** Whether a matching row sorts before this page. Exact. */
  hasPreviousPage: Scalars['Boolean']['output'];
  /** Cursor of the first edge; null on an empty page. */
  startCursor?: Maybe<Scalars['String']['output']>;
};

/** Everything that can be read. */
export type Query = {
  __typename?: 'Query';
  /** One catalog by its global id; null when there is none or the id is malformed. */
  catalog?: Maybe<Catalog>;
  /** All catalogs, a page at a time. */
  catalogs?: Maybe<CatalogConnection>;
  /** One object by its global id; null when there is none or the id is malformed. */
  node?: Maybe<Node>;
  /** Objects by their global ids, in the order asked for; null for each that is not found or malformed. */
  nodes: Array<Maybe<Node>>;
  /** One seller by its global id; null when there is none or the id is malformed. */
  seller?: Maybe<Seller>;
  /** All sellers, a page at a time. */
  sellers?: Maybe<SellerConnection>;
};


/** Everything that can be read. */
export type QueryCatalogArgs = {
  id: Scalars['ID']['input'];
};


/** Everything that can be read. */
export type QueryCatalogsArgs = {
  after?: InputMaybe<Scalars['String']['input']>;
  before?: InputMaybe<Scalars['String']['input']>;
  filter?: InputMaybe<CatalogFilter>;
  first?: InputMaybe<Scalars['Int']['input']>;
  last?: InputMaybe<Scalars['Int']['input']>;
  orderBy?: InputMaybe<CatalogOrder>;
};


/** Everything that can be read. */
export type QueryNodeArgs = {
  id: Scalars['ID']['input'];
};


/** Everything that can be read. */
export type QueryNodesArgs = {
  ids: Array<Scalars['ID']['input']>;
};


/** Everything that can be read. */
export type QuerySellerArgs = {
  id: Scalars['ID']['input'];
};


/** Everything that can be read. */
export type QuerySellersArgs = {
  after?: InputMaybe<Scalars['String']['input']>;
  before?: InputMaybe<Scalars['String']['input']>;
  filter?: InputMaybe<SellerFilter>;
  first?: InputMaybe<Scalars['Int']['input']>;
  last?: InputMaybe<Scalars['Int']['input']>;
  orderBy?: InputMaybe<SellerOrder>;
};

/** An auction house. */
export type Seller = Node & {
  __typename?: 'Seller';
  /** Its catalogs, a page at a time. */
  catalogs?: Maybe<CatalogConnection>;
  /** Country it is based in, as the API writes it; null when not known. */
  country?: Maybe<Scalars['String']['output']>;
  /** Global id. */
  id: Scalars['ID']['output'];
  /** Name of the house. */
  name: Scalars['String']['output'];
  /** Id in the API behind this gateway. */
  sourceId: Scalars['String']['output'];
  /** When it last changed. */
  updatedAt: Scalars['DateTime']['output'];
  /** Its website; null when it has none. */
  website?: Maybe<Scalars['URL']['output']>;
};


/** An auction house. */
export type SellerCatalogsArgs = {
  after?: InputMaybe<Scalars['String']['input']>;
  before?: InputMaybe<Scalars['String']['input']>;
  filter?: InputMaybe<CatalogFilter>;
  first?: InputMaybe<Scalars['Int']['input']>;
  last?: InputMaybe<Scalars['Int']['input']>;
  orderBy?: InputMaybe<CatalogOrder>;
};

/** A page of sellers. */
export type SellerConnection = {
  __typename?: 'SellerConnection';
  /** The rows with their cursors. */
  edges: Array<SellerEdge>;
  /** The rows alone. */
  nodes: Array<Seller>;
  /** Where the page lies. */
  pageInfo: PageInfo;
  /** How many sellers match, on all pages together. */
  totalCount: Scalars['Int']['output'];
};

/** A seller and its place in the order. */
export type SellerEdge = {
  __typename?: 'SellerEdge';
  /** Its place, for `after` and `before`; holds for the same filter and order only. */
  cursor: Scalars['String']['output'];
  /** The seller. */
  node: Seller;
};

/** Which sellers. A part that is null or empty does not restrict. */
export type SellerFilter = {
  /** Based in any of these countries, as the API writes them. */
  country?: InputMaybe<Array<Scalars['String']['input']>>;
  /** Part of the name; case and accents do not matter. */
  nameContains?: InputMaybe<Scalars['String']['input']>;
};

/** An order of sellers. */
export type SellerOrder = {
  /** Which way. */
  direction?: OrderDirection;
  /** What to sort by. */
  field: SellerOrderField;
};

/** What sellers can be sorted by. */
export type SellerOrderField =
  /** The name; case and accents do not matter. */
  | 'NAME';



export type ResolverTypeWrapper<T> = Promise<T> | T;


export type ResolverWithResolve<TResult, TParent, TContext, TArgs> = {
  resolve: ResolverFn<TResult, TParent, TContext, TArgs>;
};
export type Resolver<TResult, TParent = Record<PropertyKey, never>, TContext = Record<PropertyKey, never>, TArgs = Record<PropertyKey, never>> = ResolverFn<TResult, TParent, TContext, TArgs> | ResolverWithResolve<TResult, TParent, TContext, TArgs>;

export type ResolverFn<TResult, TParent, TContext, TArgs> = (
  parent: TParent,
  args: TArgs,
  context: TContext,
  info: GraphQLResolveInfo
) => Promise<TResult> | TResult;

export type SubscriptionSubscribeFn<TResult, TParent, TContext, TArgs> = (
  parent: TParent,
  args: TArgs,
  context: TContext,
  info: GraphQLResolveInfo
) => AsyncIterable<TResult> | Promise<AsyncIterable<TResult>>;

export type SubscriptionResolveFn<TResult, TParent, TContext, TArgs> = (
  parent: TParent,
  args: TArgs,
  context: TContext,
  info: GraphQLResolveInfo
) => TResult | Promise<TResult>;

export interface SubscriptionSubscriberObject<TResult, TKey extends string, TParent, TContext, TArgs> {
  subscribe: SubscriptionSubscribeFn<{ [key in TKey]: TResult }, TParent, TContext, TArgs>;
  resolve?: SubscriptionResolveFn<TResult, { [key in TKey]: TResult }, TContext, TArgs>;
}

export interface SubscriptionResolverObject<TResult, TParent, TContext, TArgs> {
  subscribe: SubscriptionSubscribeFn<any, TParent, TContext, TArgs>;
  resolve: SubscriptionResolveFn<TResult, any, TContext, TArgs>;
}

export type SubscriptionObject<TResult, TKey extends string, TParent, TContext, TArgs> =
  | SubscriptionSubscriberObject<TResult, TKey, TParent, TContext, TArgs>
  | SubscriptionResolverObject<TResult, TParent, TContext, TArgs>;

export type SubscriptionResolver<TResult, TKey extends string, TParent = Record<PropertyKey, never>, TContext = Record<PropertyKey, never>, TArgs = Record<PropertyKey, never>> =
  | ((...args: any[]) => SubscriptionObject<TResult, TKey, TParent, TContext, TArgs>)
  | SubscriptionObject<TResult, TKey, TParent, TContext, TArgs>;

export type TypeResolveFn<TTypes, TParent = Record<PropertyKey, never>, TContext = Record<PropertyKey, never>> = (
  parent: TParent,
  context: TContext,
  info: GraphQLResolveInfo
) => Maybe<TTypes> | Promise<Maybe<TTypes>>;

export type IsTypeOfResolverFn<T = Record<PropertyKey, never>, TContext = Record<PropertyKey, never>> = (obj: T, context: TContext, info: GraphQLResolveInfo) => boolean | Promise<boolean>;

export type NextResolverFn<T> = () => Promise<T>;

export type DirectiveResolverFn<TResult = Record<PropertyKey, never>, TParent = Record<PropertyKey, never>, TContext = Record<PropertyKey, never>, TArgs = Record<PropertyKey, never>> = (
  next: NextResolverFn<TResult>,
  parent: TParent,
  args: TArgs,
  context: TContext,
  info: GraphQLResolveInfo
) => TResult | Promise<TResult>;




/** Mapping of interface types */
export type ResolversInterfaceTypes<_RefType extends Record<string, unknown>> = {
  Node:
    | ( CatalogRow )
    | ( SellerRow )
  ;
};

/** Mapping between all available schema types and the resolvers types */
export type ResolversTypes = {
  Boolean: ResolverTypeWrapper<Scalars['Boolean']['output']>;
  CacheControlScope: CacheControlScope;
  Catalog: ResolverTypeWrapper<CatalogRow>;
  CatalogConnection: ResolverTypeWrapper<Omit<CatalogConnection, 'edges' | 'nodes'> & { edges: Array<ResolversTypes['CatalogEdge']>, nodes: Array<ResolversTypes['Catalog']> }>;
  CatalogEdge: ResolverTypeWrapper<Omit<CatalogEdge, 'node'> & { node: ResolversTypes['Catalog'] }>;
  CatalogFilter: CatalogFilter;
  CatalogOrder: CatalogOrder;
  CatalogOrderField: CatalogOrderField;
  CatalogStatus: CatalogStatus;
  DateTime: ResolverTypeWrapper<Scalars['DateTime']['output']>;
  ID: ResolverTypeWrapper<Scalars['ID']['output']>;
  Int: ResolverTypeWrapper<Scalars['Int']['output']>;
  Node: ResolverTypeWrapper<ResolversInterfaceTypes<ResolversTypes>['Node']>;
  OrderDirection: OrderDirection;
  PageInfo: ResolverTypeWrapper<PageInfo>;
  Query: ResolverTypeWrapper<Record<PropertyKey, never>>;
  Seller: ResolverTypeWrapper<SellerRow>;
  SellerConnection: ResolverTypeWrapper<Omit<SellerConnection, 'edges' | 'nodes'> & { edges: Array<ResolversTypes['SellerEdge']>, nodes: Array<ResolversTypes['Seller']> }>;
  SellerEdge: ResolverTypeWrapper<Omit<SellerEdge, 'node'> & { node: ResolversTypes['Seller'] }>;
  SellerFilter: SellerFilter;
  SellerOrder: SellerOrder;
  SellerOrderField: SellerOrderField;
  String: ResolverTypeWrapper<Scalars['String']['output']>;
  URL: ResolverTypeWrapper<Scalars['URL']['output']>;
};

/** Mapping between all available schema types and the resolvers parents */
export type ResolversParentTypes = {
  Boolean: Scalars['Boolean']['output'];
  Catalog: CatalogRow;
  CatalogConnection: Omit<CatalogConnection, 'edges' | 'nodes'> & { edges: Array<ResolversParentTypes['CatalogEdge']>, nodes: Array<ResolversParentTypes['Catalog']> };
  CatalogEdge: Omit<CatalogEdge, 'node'> & { node: ResolversParentTypes['Catalog'] };
  CatalogFilter: CatalogFilter;
  CatalogOrder: CatalogOrder;
  DateTime: Scalars['DateTime']['output'];
  ID: Scalars['ID']['output'];
  Int: Scalars['Int']['output'];
  Node: ResolversInterfaceTypes<ResolversParentTypes>['Node'];
  PageInfo: PageInfo;
  Query: Record<PropertyKey, never>;
  Seller: SellerRow;
  SellerConnection: Omit<SellerConnection, 'edges' | 'nodes'> & { edges: Array<ResolversParentTypes['SellerEdge']>, nodes: Array<ResolversParentTypes['Seller']> };
  SellerEdge: Omit<SellerEdge, 'node'> & { node: ResolversParentTypes['Seller'] };
  SellerFilter: SellerFilter;
  SellerOrder: SellerOrder;
  String: Scalars['String']['output'];
  URL: Scalars['URL']['output'];
};

export type CacheControlDirectiveArgs = {
  inheritMaxAge?: Maybe<Scalars['Boolean']['input']>;
  maxAge?: Maybe<Scalars['Int']['input']>;
  scope?: Maybe<CacheControlScope>;
  staleIfError?: Maybe<Scalars['Int']['input']>;
  staleWhileRevalidate?: Maybe<Scalars['Int']['input']>;
};

export type CacheControlDirectiveResolver<Result, Parent, ContextType = Context, Args = CacheControlDirectiveArgs> = DirectiveResolverFn<Result, Parent, ContextType, Args>;

export type CatalogResolvers<ContextType = Context, ParentType extends ResolversParentTypes['Catalog'] = ResolversParentTypes['Catalog']> = {
  endDate?: Resolver<Maybe<ResolversTypes['DateTime']>, ParentType, ContextType>;
  id?: Resolver<ResolversTypes['ID'], ParentType, ContextType>;
  location?: Resolver<Maybe<ResolversTypes['String']>, ParentType, ContextType>;
  lotCount?: Resolver<ResolversTypes['Int'], ParentType, ContextType>;
  seller?: Resolver<Maybe<ResolversTypes['Seller']>, ParentType, ContextType>;
  sourceId?: Resolver<ResolversTypes['String'], ParentType, ContextType>;
  startDate?: Resolver<ResolversTypes['DateTime'], ParentType, ContextType>;
  status?: Resolver<ResolversTypes['CatalogStatus'], ParentType, ContextType>;
  title?: Resolver<ResolversTypes['String'], ParentType, ContextType>;
  updatedAt?: Resolver<ResolversTypes['DateTime'], ParentType, ContextType>;
  __isTypeOf?: IsTypeOfResolverFn<ParentType, ContextType>;
};

export type CatalogConnectionResolvers<ContextType = Context, ParentType extends ResolversParentTypes['CatalogConnection'] = ResolversParentTypes['CatalogConnection']> = {
  edges?: Resolver<Array<ResolversTypes['CatalogEdge']>, ParentType, ContextType>;
  nodes?: Resolver<Array<ResolversTypes['Catalog']>, ParentType, ContextType>;
  pageInfo?: Resolver<ResolversTypes['PageInfo'], ParentType, ContextType>;
  totalCount?: Resolver<ResolversTypes['Int'], ParentType, ContextType>;
};

export type CatalogEdgeResolvers<ContextType = Context, ParentType extends ResolversParentTypes['CatalogEdge'] = ResolversParentTypes['CatalogEdge']> = {
  cursor?: Resolver<ResolversTypes['String'], ParentType, ContextType>;
  node?: Resolver<ResolversTypes['Catalog'], ParentType, ContextType>;
};

export interface DateTimeScalarConfig extends GraphQLScalarTypeConfig<ResolversTypes['DateTime'], any> {
  name: 'DateTime';
}

export type NodeResolvers<ContextType = Context, ParentType extends ResolversParentTypes['Node'] = ResolversParentTypes['Node']> = {
  __resolveType: TypeResolveFn<'Catalog' | 'Seller', ParentType, ContextType>;
};

export type PageInfoResolvers<ContextType = Context, ParentType extends ResolversParentTypes['PageInfo'] = ResolversParentTypes['PageInfo']> = {
  endCursor?: Resolver<Maybe<ResolversTypes['String']>, ParentType, ContextType>;
  hasNextPage?: Resolver<ResolversTypes['Boolean'], ParentType, ContextType>;
  hasPreviousPage?: Resolver<ResolversTypes['Boolean'], ParentType, ContextType>;
  startCursor?: Resolver<Maybe<ResolversTypes['String']>, ParentType, ContextType>;
};

export type QueryResolvers<ContextType = Context, ParentType extends ResolversParentTypes['Query'] = ResolversParentTypes['Query']> = {
  catalog?: Resolver<Maybe<ResolversTypes['Catalog']>, ParentType, ContextType, RequireFields<QueryCatalogArgs, 'id'>>;
  catalogs?: Resolver<Maybe<ResolversTypes['CatalogConnection']>, ParentType, ContextType, RequireFields<QueryCatalogsArgs, 'orderBy'>>;
  node?: Resolver<Maybe<ResolversTypes['Node']>, ParentType, ContextType, RequireFields<QueryNodeArgs, 'id'>>;
  nodes?: Resolver<Array<Maybe<ResolversTypes['Node']>>, ParentType, ContextType, RequireFields<QueryNodesArgs, 'ids'>>;
  seller?: Resolver<Maybe<ResolversTypes['Seller']>, ParentType, ContextType, RequireFields<QuerySellerArgs, 'id'>>;
  sellers?: Resolver<Maybe<ResolversTypes['SellerConnection']>, ParentType, ContextType, RequireFields<QuerySellersArgs, 'orderBy'>>;
};

export type SellerResolvers<ContextType = Context, ParentType extends ResolversParentTypes['Seller'] = ResolversParentTypes['Seller']> = {
  catalogs?: Resolver<Maybe<ResolversTypes['CatalogConnection']>, ParentType, ContextType, RequireFields<SellerCatalogsArgs, 'orderBy'>>;
  country?: Resolver<Maybe<ResolversTypes['String']>, ParentType, ContextType>;
  id?: Resolver<ResolversTypes['ID'], ParentType, ContextType>;
  name?: Resolver<ResolversTypes['String'], ParentType, ContextType>;
  sourceId?: Resolver<ResolversTypes['String'], ParentType, ContextType>;
  updatedAt?: Resolver<ResolversTypes['DateTime'], ParentType, ContextType>;
  website?: Resolver<Maybe<ResolversTypes['URL']>, ParentType, ContextType>;
  __isTypeOf?: IsTypeOfResolverFn<ParentType, ContextType>;
};

export type SellerConnectionResolvers<ContextType = Context, ParentType extends ResolversParentTypes['SellerConnection'] = ResolversParentTypes['SellerConnection']> = {
  edges?: Resolver<Array<ResolversTypes['SellerEdge']>, ParentType, ContextType>;
  nodes?: Resolver<Array<ResolversTypes['Seller']>, ParentType, ContextType>;
  pageInfo?: Resolver<ResolversTypes['PageInfo'], ParentType, ContextType>;
  totalCount?: Resolver<ResolversTypes['Int'], ParentType, ContextType>;
};

export type SellerEdgeResolvers<ContextType = Context, ParentType extends ResolversParentTypes['SellerEdge'] = ResolversParentTypes['SellerEdge']> = {
  cursor?: Resolver<ResolversTypes['String'], ParentType, ContextType>;
  node?: Resolver<ResolversTypes['Seller'], ParentType, ContextType>;
};

export interface UrlScalarConfig extends GraphQLScalarTypeConfig<ResolversTypes['URL'], any> {
  name: 'URL';
}

export type Resolvers<ContextType = Context> = {
  Catalog?: CatalogResolvers<ContextType>;
  CatalogConnection?: CatalogConnectionResolvers<ContextType>;
  CatalogEdge?: CatalogEdgeResolvers<ContextType>;
  DateTime?: GraphQLScalarType;
  Node?: NodeResolvers<ContextType>;
  PageInfo?: PageInfoResolvers<ContextType>;
  Query?: QueryResolvers<ContextType>;
  Seller?: SellerResolvers<ContextType>;
  SellerConnection?: SellerConnectionResolvers<ContextType>;
  SellerEdge?: SellerEdgeResolvers<ContextType>;
  URL?: GraphQLScalarType;
};

export type DirectiveResolvers<ContextType = Context> = {
  cacheControl?: CacheControlDirectiveResolver<any, any, ContextType>;
};
