/** The command line: exit 0 done, 1 failed, 2 wrong usage. */
import cluster from 'node:cluster';
import { getSystemErrorMessage } from 'node:util';
import { Command, CommanderError, InvalidArgumentError, Option } from 'commander';
import { ConfigError, paginationStyles, readConfig } from '../config.ts';
import { settingsHelp } from './help.ts';
import { invalidate } from './invalidate.ts';
import { serveUpstream } from './upstream.ts';
import { failToParent } from './worker.ts';

/** Without arguments it serves. */
export async function run(args: readonly string[]): Promise<void> {
  try {
    await program().parseAsync(args.length === 0 ? ['serve'] : [...args], { from: 'user' });
  } catch (error) {
    if (!(error instanceof CommanderError)) return fail(error);
    process.exitCode = error.exitCode === 0 ? 0 : 2;
  }
}

function program(): Command {
  const program = new Command('vitrine')
    .description('A GraphQL gateway for auction catalogues behind a paginated REST API.')
    .exitOverride()
    .showHelpAfterError('(--help tells more)')
    .addHelpText('after', settingsHelp);

  program
    .command('serve')
    .description('start the gateway, as without a command; settings come from the environment')
    .addHelpText('after', settingsHelp)
    .action(serve);

  program
    .command('upstream')
    .description('serve the embedded upstream by itself, or rows of your own, to try a gateway against')
    .option('--port <port>', 'port to listen on; 0 takes a free one', wholeNumber(0, 65_535), 5000)
    .addOption(new Option('--style <style>', 'how pages are cut').choices(paginationStyles).default('page'))
    .option('--data <file>', 'JSON file of {"catalogs": […], "sellers": […]} to serve instead')
    .option('--max-page-size <rows>', 'rows of a page at most', wholeNumber(1, 100_000), 500)
    .option('--trailing-slash', 'redirect /catalogs to /catalogs/, as Django does')
    .action(serveUpstream);

  program
    .command('invalidate')
    .description('tell a running gateway that rows changed (needs ADMIN_TOKEN)')
    .argument('<type>', 'catalog or seller')
    .argument('[ids...]', "the API's own ids")
    .option('--all', 'every row of the type')
    .option('--purge', 'never serve anything older again, not even on error')
    .option('--dry-run', 'only tell what would be done')
    .option('--reason <text>', 'for the audit log')
    .option('--url <url>', 'where /admin stands', httpUrl, 'http://127.0.0.1:4000')
    .action(async (type, ids, options, command) => {
      if (ids.length === 0 && !options.all) command.error('error: give ids, or --all');
      if (ids.length > 0 && options.all) command.error('error: give ids, or --all, not both');
      await invalidate(type, ids, options);
    });

  return program;
}

/** Alone, or as the parent of several workers, or as one of these. */
async function serve(): Promise<void> {
  if (readConfig(process.env).workers > 1) {
    const { serveByWorkers } = await import('./parent.ts');
    return serveByWorkers(process.env);
  }
  const main = await import('../main.ts');
  return cluster.isWorker ? main.serveAsWorker(process.env) : main.serve(process.env);
}

function wholeNumber(min: number, max: number): (text: string) => number {
  return (text) => {
    const number = Number(text);
    if (/^\d+$/.test(text) && number >= min && number <= max) return number;
    throw new InvalidArgumentError(`Expected a whole number from ${min} to ${max}.`);
  };
}

function httpUrl(text: string): string {
  if (/^https?:$/.test(URL.parse(text)?.protocol ?? '')) return text;
  throw new InvalidArgumentError('Expected a URL that begins with http:// or https://.');
}

/** Ends the process, as what was begun before the failure, such as a server, would keep it going. */
function fail(error: unknown): void {
  if (cluster.isWorker) {
    failToParent(inOneLine(error));
    return;
  }
  console.error(error instanceof ConfigError ? error.message : `vitrine: ${inOneLine(error)}`);
  process.exit(1);
}

/** With what the system means by its code, which the message of a port taken from a worker does not say. */
function inOneLine(error: unknown): string {
  const { message = String(error), errno } = error as Partial<NodeJS.ErrnoException>;
  const meaning = errno === undefined ? '' : getSystemErrorMessage(errno);
  return (message.includes(meaning) ? message : `${message}: ${meaning}`).replace(/\s+/g, ' ');
}
