import { GraphQLError } from 'graphql';
import { describe, expect, it, vi } from 'vitest';
import { DeadlineError } from '../../src/cache/deadline.ts';
import { clientError, type ErrorCode, errorList, formatError } from '../../src/graphql/index.ts';
import { UpstreamError } from '../../src/upstream/errors.ts';
import { ask, catalogId, memoryReaders, sellerId } from './catalogue.ts';

const secret = 'connect ECONNREFUSED 10.0.0.7:5432 at /srv/app/pool.ts:12';

/** One query whose catalogs fail this way. */
async function failWith(error: unknown) {
  const report = vi.fn();
  const readers = memoryReaders();
  readers.Catalog.page = () => Promise.reject(error);
  const answer = await ask('{ catalogs { totalCount } sellers { totalCount } }', { readers, report });
  return { ...answer, report };
}

describe('P7 degrades, never dies › a reader that fails', () => {
  it('takes its root field alone with it', async () => {
    const { data, errors } = await failWith(new UpstreamError('UPSTREAM_UNAVAILABLE', secret));
    expect(data).toEqual({ catalogs: null, sellers: { totalCount: 3 } });
    expect(errors).toEqual([
      {
        message: 'The API behind this gateway is not available at the moment.',
        path: ['catalogs'],
        locations: [{ line: 1, column: 3 }],
        extensions: { code: 'UPSTREAM_UNAVAILABLE', requestId: 'request-1' },
      },
    ]);
  });

  it('takes its nested field alone with it', async () => {
    const readers = memoryReaders();
    readers.Seller.load = () => Promise.reject(new UpstreamError('UPSTREAM_TIMEOUT', secret));
    const query = 'query ($id: ID!) { catalog(id: $id) { title seller { name } } }';
    const { data, errors } = await ask(query, { variables: { id: catalogId(1) }, readers });
    expect(data).toEqual({ catalog: { title: 'Sale a', seller: null } });
    expect(errors).toMatchObject([{ path: ['catalog', 'seller'], extensions: { code: 'UPSTREAM_TIMEOUT' } }]);
  });

  it('takes the catalogs of a seller, not the seller', async () => {
    const readers = memoryReaders();
    readers.Catalog.page = () => Promise.reject(new UpstreamError('UPSTREAM_INVALID', secret));
    const query = 'query ($id: ID!) { seller(id: $id) { name catalogs { totalCount } } }';
    const { data, errors } = await ask(query, { variables: { id: sellerId(1) }, readers });
    expect(data).toEqual({ seller: { name: 'Alder', catalogs: null } });
    expect(errors).toMatchObject([{ extensions: { code: 'UPSTREAM_INVALID' } }]);
  });

  it.each(['UPSTREAM_UNAVAILABLE', 'UPSTREAM_TIMEOUT', 'UPSTREAM_INVALID'] as const)(
    'with %s is told by its code in our words, and reported as it was thrown',
    async (code) => {
      for (const error of [new UpstreamError(code, secret), Object.assign(new Error(secret), { code })]) {
        const { errors, report } = await failWith(error);
        expect(errors).toMatchObject([{ message: errorList[code].says, extensions: { code } }]);
        expect(JSON.stringify(errors)).not.toContain('10.0.0.7');
        expect(report.mock.calls).toEqual([[error, code]]);
      }
    },
  );

  it('by its deadline is UPSTREAM_TIMEOUT', async () => {
    const { errors } = await failWith(new DeadlineError(10_000));
    expect(errors).toMatchObject([{ extensions: { code: 'UPSTREAM_TIMEOUT' } }]);
  });

  it.each([
    [1, 1],
    [1_001, 2],
    [30_000, 30],
  ])('and asks for %d ms of rest gives retryAfterSeconds %d', async (retryAfterMs, seconds) => {
    const { errors } = await failWith(new UpstreamError('UPSTREAM_UNAVAILABLE', secret, { retryAfterMs }));
    expect(errors?.[0]?.extensions).toEqual({
      code: 'UPSTREAM_UNAVAILABLE',
      requestId: 'request-1',
      retryAfterSeconds: seconds,
    });
  });

  it.each([
    ['an error', new Error(secret)],
    ['an error with a foreign code', Object.assign(new Error(secret), { code: 'ECONNREFUSED' })],
    ['a GraphQLError without a code', new GraphQLError(secret)],
    ['a GraphQLError with a foreign code', new GraphQLError(secret, { extensions: { code: 'SECRET' } })],
    ['an error that reads like one of graphql', new Error(`Argument "${secret}"`)],
    ['text', secret],
    ['nothing', undefined],
  ])('with %s is our mistake, and says nothing of it', async (_, error) => {
    const { data, errors, report } = await failWith(error);
    expect(data.sellers).toEqual({ totalCount: 3 });
    expect(errors).toMatchObject([
      {
        message: 'Something went wrong on our side.',
        extensions: { code: 'INTERNAL_SERVER_ERROR', requestId: 'request-1' },
      },
    ]);
    expect(JSON.stringify(errors)).not.toContain('10.0.0.7');
    expect(report).toHaveBeenCalledOnce();
    expect(report.mock.calls[0]?.[1]).toBe('INTERNAL_SERVER_ERROR');
  });
});

describe('a mistake of the client', () => {
  it.each([
    ['{ catalogs(first: 101) { totalCount } }', {}, 'BAD_USER_INPUT'],
    ['query ($n: Int) { catalogs(first: $n) { totalCount } }', { n: 'many' }, 'BAD_USER_INPUT'],
    ['query ($id: ID!) { catalog(id: $id) { id } }', {}, 'BAD_USER_INPUT'],
    ['query ($id: ID = "x") { catalog(id: $id) { id } }', { id: null }, 'BAD_USER_INPUT'],
    ['{ catalogs { ', {}, 'GRAPHQL_PARSE_FAILED'],
    ['{ catalogues { totalCount } }', {}, 'GRAPHQL_VALIDATION_FAILED'],
  ] as const)('%s %j is %s, and not reported', async (query, variables, code) => {
    const report = vi.fn();
    const { errors } = await ask(query, { variables, report });
    expect(errors).toMatchObject([{ extensions: { code, requestId: 'request-1' } }]);
    expect(report).not.toHaveBeenCalled();
  });

  it('comes with suggestions only where the schema may be asked for', async () => {
    const message = async (query: string, introspection: boolean) =>
      (await ask(query, { introspection })).errors?.[0]?.message;
    const field = '{ catalog(id: "x") { titel } }';
    expect(await message(field, true)).toBe('Cannot query field "titel" on type "Catalog". Did you mean "title"?');
    expect(await message(field, false)).toBe('Cannot query field "titel" on type "Catalog".');
    const value = '{ catalogs(filter: { status: [LIFE] }) { totalCount } }';
    expect(await message(value, true)).toContain('Did you mean');
    expect(await message(value, false)).toBe('Value "LIFE" does not exist in "CatalogStatus" enum.');
  });

  it.each([
    ['defer', '{ catalog(id: "x") { ... @defer { title } } }'],
    ['stream', '{ catalogs { nodes @stream(initialCount: 1) { title } } }'],
  ])('that asks for @%s is told that it is not offered', async (name, query) => {
    const { errors } = await ask(query);
    expect(errors).toMatchObject([
      {
        message: `Incremental delivery is not offered here: ask without @${name}.`,
        extensions: { code: 'GRAPHQL_VALIDATION_FAILED' },
      },
    ]);
  });

  it('that asks for the schema where it is closed is told so', () => {
    const error = new GraphQLError('GraphQL introspection is not allowed by Some Server', {
      extensions: { code: 'GRAPHQL_VALIDATION_FAILED', validationErrorCode: 'INTROSPECTION_DISABLED' },
    });
    const told = formatError(error.toJSON(), error, { requestId: 'r', introspection: false, report() {} });
    expect(told).toEqual({
      message: 'Introspection is off here: the schema cannot be asked for.',
      extensions: { code: 'GRAPHQL_VALIDATION_FAILED', requestId: 'r' },
    });
  });
});

describe('the list of errors', () => {
  it('gives every code words for the client', () => {
    for (const code of Object.keys(errorList) as ErrorCode[]) {
      const error = clientError(code);
      expect(error.message).toMatch(/\.$/);
      expect(error.extensions).toEqual({ code });
    }
  });

  it('strips what others put into extensions', () => {
    const error = new GraphQLError('Bad.', { extensions: { code: 'BAD_REQUEST', stacktrace: [secret], http: {} } });
    expect(formatError(error.toJSON(), error, { requestId: 'r', introspection: true, report() {} })).toEqual({
      message: 'Bad.',
      extensions: { code: 'BAD_REQUEST', requestId: 'r' },
    });
  });

  // Made anew by `npx vitest run tests/graphql/errors.test.ts -u`.
  it('is what docs/errors.md says, no more and no less', async () => {
    await expect(errorsPage()).toMatchFileSnapshot('../../docs/errors.md');
  });
});

function errorsPage(): string {
  const rows = Object.entries(errorList).map(
    ([code, { means, retry, says }]) => `| \`${code}\` | ${means} | ${retry ? 'yes' : 'no'} | ${says ?? ''} |`,
  );
  return `# Errors

Every error of a GraphQL answer has a code from this list in \`extensions.code\`, and \`extensions.requestId\`, which is also the answer's \`X-Request-Id\` and stands in the log. \`extensions.retryAfterSeconds\` says how long to wait, where that is known.

What a query or its variables did wrong is said in detail; what failed on this side is said in the fixed words below, and the rest is in the log alone. A field that failed is null, and the fields beside it stay.

| Code | What it means | Retry | Words |
|---|---|---|---|
${rows.join('\n')}
`;
}
