import { auth, SignedIn } from '@plaza/auth/contract'
import {
  Closed,
  command,
  contract,
  errorCode,
  Id,
  NoInput,
  Nothing,
  Nullable,
  Page,
  PageInput,
  query,
  type Static,
  Timestamp,
  Type,
} from '@plaza/kernel/contract'
import { deadLetterNotFound, DeadLetter as KernelDeadLetter } from '@plaza/kernel/events'
import { JobSchema } from '@plaza/kernel/jobs'

export const jobNotFound = errorCode('job-not-found', 'not-found', 'There is no such job')

const Subscription = Closed({
  name: Type.String(),
  eventsBehind: Type.Integer(),
  secondsBehind: Type.Number(),
})

const Instance = Closed({
  name: Type.String(),
  version: Type.String(),
  startedAt: Timestamp,
  isReady: Type.Boolean(),
})

const HostedService = Closed(
  {
    name: Type.String(),
    operations: Type.Integer({ description: 'How many of its operations have a route' }),
    isReady: Type.Boolean({ description: 'Whether an instance of it is' }),
    notReady: Type.Array(Type.String(), { description: 'Why an instance is not ready, or does not answer' }),
    instances: Type.Array(Instance, { description: 'Those that answer' }),
    subscriptions: Type.Array(Subscription),
  },
  'HostedService',
)

const Services = Closed({
  version: Type.String(),
  node: Type.String(),
  startedAt: Timestamp,
  items: Type.Array(HostedService),
})
export type Services = Static<typeof Services>

/** Dead letters are counted by each service: outside, its name comes before the number. */
const letterId = { id: Type.String({ pattern: '^[a-z][a-z-]{0,40}\\.[0-9]{1,18}$', examples: ['posts.17'] }) }
const DeadLetter = Closed({ ...KernelDeadLetter.properties, ...letterId }, 'DeadLetter')
export type DeadLetter = Static<typeof DeadLetter>

/** What the gateway answers itself, by asking every service. */
export const gateway = contract('gateway', {
  logIn: command({
    route: 'POST /api/v1/auth/login',
    access: 'public',
    summary: 'Log in with e-mail or username',
    sealed: true,
    input: auth.operations.login.input,
    output: SignedIn,
    fails: auth.operations.login.fails,
  }),
  getJob: query({
    route: 'GET /api/v1/jobs/:id',
    access: 'token',
    summary: 'How far an own job is',
    input: Closed({ id: Id.job }),
    output: JobSchema,
    fails: [jobNotFound],
  }),
  listServices: query({
    route: 'GET /api/v1/ops/services',
    access: 'ops',
    summary: 'What runs, whether it is ready, and how far subscriptions of this process are behind',
    input: NoInput,
    output: Services,
  }),
  listDeadLetters: query({
    route: 'GET /api/v1/ops/dead-letters',
    access: 'ops',
    summary: 'Events that could not be handled, service by service, oldest first',
    input: Closed({ ...PageInput }),
    output: Page(DeadLetter),
  }),
  retryDeadLetter: command({
    route: 'POST /api/v1/ops/dead-letters/:id/retry',
    access: 'ops',
    summary: 'Handle an event again; safe to repeat',
    input: Closed(letterId),
    output: Closed({
      handled: Type.Integer({ description: 'Events handled now: this one and those that waited behind it' }),
      left: Type.Integer({ description: 'Events of its stream that are still parked' }),
      error: Nullable(Type.String({ description: 'Why it stopped' })),
    }),
    fails: [deadLetterNotFound],
    repeat: 'safe',
    timeout: 60_000,
  }),
  dropDeadLetter: command({
    route: 'DELETE /api/v1/ops/dead-letters/:id',
    access: 'ops',
    summary: 'Give an event up; those that waited behind it are handled',
    input: Closed(letterId),
    output: Nothing,
    fails: [deadLetterNotFound],
    timeout: 60_000,
  }),
})
