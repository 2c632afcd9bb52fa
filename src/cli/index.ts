/** The command line: exit 0 done, 1 failed, 2 wrong usage. */
import { Command, CommanderError } from 'commander';
import { ConfigError } from '../config.ts';
import { settingsHelp } from './help.ts';
import { invalidate } from './invalidate.ts';
import { serveUpstream } from './upstream.ts';

export async function run(args: readonly string[]): Promise<void> {
  try {
    await program().parseAsync([...args], { from: 'user' });
  } catch (error) {
    process.exitCode = report(error);
  }
}

function program(): Command {
  const program = new Command('vitrine')
    .description('A GraphQL gateway for auction catalogues behind a paginated REST API.')
    .exitOverride()
    .showHelpAfterError('(--help tells more)');

  program
    .command('serve', { isDefault: true })
    .description('start the gateway; settings come from the environment')
    .addHelpText('after', settingsHelp)
    .action(async () => {
      const { serve } = await import('../main.ts');
      await serve(process.env);
    });

  program
    .command('upstream')
    .description('serve the embedded upstream by itself, or rows of your own, to try a gateway against')
    .option('--port <port>', 'port to listen on; 0 takes a free one', '5000')
    .option('--style <style>', 'pagination: page, next-link, link-header or cursor', 'page')
    .option('--data <file>', 'JSON file of {"catalogs": […], "sellers": […]} to serve instead')
    .option('--max-page-size <rows>', 'rows of a page at most', '500')
    .option('--trailing-slash', 'redirect /catalogs to /catalogs/, as Django does')
    .action(serveUpstream);

  program
    .command('invalidate')
    .description('tell a running gateway that rows changed (needs ADMIN_TOKEN)')
    .argument('<type>', 'catalog, seller: a resource of the gateway')
    .argument('[ids...]', "the API's own ids")
    .option('--all', 'every row of the type')
    .option('--purge', 'never serve anything older again, not even on error')
    .option('--dry-run', 'only tell what would be done')
    .option('--reason <text>', 'for the audit log')
    .option('--url <url>', 'where /admin stands', 'http://127.0.0.1:4000')
    .action(invalidate);

  return program;
}

/** @returns The exit code. */
function report(error: unknown): number {
  if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : 2;
  console.error(error instanceof ConfigError ? error.message : `vitrine: ${messageOf(error)}`);
  return 1;
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
