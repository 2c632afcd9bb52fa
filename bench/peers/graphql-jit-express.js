/** graphql-jit behind Express, each document compiled once. @see https://github.com/zalando-incubator/graphql-jit */
import express from 'express';
import { parse, validate } from 'graphql';
import { compileQuery, isCompiledQuery } from 'graphql-jit';
import { contextOf, listening, schema } from './support/served.js';

const compiled = new Map();

function compile(text, operationName) {
  const document = parse(text);
  const errors = validate(schema, document);
  if (errors.length > 0) return { errors };
  return compileQuery(schema, document, operationName);
}

const app = express();
app.use(express.json());
app.post('/graphql', async (request, response) => {
  const { query, variables, operationName } = request.body;
  if (!compiled.has(query)) compiled.set(query, compile(query, operationName));
  const operation = compiled.get(query);
  response.json(
    isCompiledQuery(operation) ? await operation.query(undefined, contextOf(), variables ?? {}) : operation,
  );
});
const server = app.listen(0, '127.0.0.1', () => {
  listening(`http://127.0.0.1:${server.address().port}/graphql`);
});
