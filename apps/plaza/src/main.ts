import { Command, InvalidArgumentError } from 'commander'
import { explainFailure } from './explain-failure.ts'
import { version } from './version.ts'

/** The `plaza` command. Each command's code is loaded when it is called, so that none waits for another's. */
const program = new Command('plaza')
  .description('The open backend for places where people meet and trade')
  .version(version)
  .showHelpAfterError()

program
  .command('start')
  .description('start Plaza: with its own PostgreSQL, or on DATABASE_URL')
  .option(
    '--services <names>',
    'only these, as posts,users or gateway; the others are where PLAZA_URL_… says',
  )
  .action(async options => (await import('./start.ts')).start(options))

program
  .command('fleet')
  .description(
    'start every service as a process of its own on this machine, PostgreSQL with them, and keep them running',
  )
  .option('--replicas <counts>', 'more than one process of a service, as posts=2,gateway=2')
  .option('--groups <groups>', 'services that share a process, as auth,users;posts,timelines')
  .option('--only <names>', 'start only these; the others are where PLAZA_URL_… says')
  .action(async options => (await import('./fleet/fleet.ts')).fleet(options))

program
  .command('migrate')
  .description("bring the database's schemas and roles up to date, and stop")
  .action(async () => (await import('./migrate.ts')).migrateDatabase())

program
  .command('demo')
  .description('fill a running Plaza with people, follows and posts, through its public API')
  .option('--people <number>', 'how many people of the Reed98 graph', wholeNumber(2, 962), 200)
  .option('--posts <number>', 'how many posts each', wholeNumber(0, 1000), 15)
  .option('--url <url>', "Plaza's address; default: the one of PORT and HOST")
  .action(async options => (await import('./demo/demo.ts')).demo(options))

program
  .command('config')
  .description('print every setting, its value and where it came from')
  .action(async () => (await import('./print-config.ts')).printConfig())

program
  .command('doctor')
  .description(
    'check what Plaza stands on: Node, data folder, database, and every process of a fleet that runs',
  )
  .action(async () => (await import('./doctor/doctor.ts')).doctor())

program
  .command('verify')
  .description('check what the services promise against their data, beside a running Plaza or alone')
  .option('--service <name>', 'the promises of this service only')
  .option('--json', 'print the outcome as JSON')
  .action(async options => (await import('./verify/verify.ts')).verify(options))

const deadLetters = program
  .command('dead-letters')
  .description('events that could not be handled: list, retry or drop them')

deadLetters
  .command('list')
  .description('what is parked, and why')
  .option('--service <name>', 'of this service only')
  .action(async options => (await import('./dead-letters.ts')).listDeadLetters(options))

deadLetters
  .command('retry')
  .description('handle one again, and what waits behind it')
  .argument('<id>', 'as the list shows it')
  .action(async id => (await import('./dead-letters.ts')).retryDeadLetter(id))

deadLetters
  .command('drop')
  .description('give one up for good')
  .argument('<id>', 'as the list shows it')
  .action(async id => (await import('./dead-letters.ts')).dropDeadLetter(id))

const events = program.command('events').description('the event logs, and what is made of them')

events
  .command('rebuild')
  .description('make a read model anew from what the services hold, beside the one in use')
  .argument('<projection>', 'which one: search')
  .action(async projection => (await import('./rebuild-projection.ts')).rebuildProjection(projection))

events
  .command('new-era')
  .description(
    'after a dump was restored over the running database: tell the logs that their past was replaced',
  )
  .action(async () => (await import('./new-era.ts')).startNewEra())

try {
  await program.parseAsync()
} catch (error) {
  console.error(explainFailure(error))
  process.exitCode = 1
}

function wholeNumber(min: number, max: number) {
  return (text: string) => {
    const value = Number(text)
    if (Number.isInteger(value) && value >= min && value <= max) return value
    throw new InvalidArgumentError(`It must be a whole number from ${min} to ${max}.`)
  }
}
