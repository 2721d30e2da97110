import { openDatabase } from '@plaza/kernel/data'
import { runSubscription } from '@plaza/kernel/events'
import { effectsOf } from './leases-rig.ts'
import { callTo, kit, serve } from './rig.ts'

// A process of the tests with one instance of the listener, to be killed and stopped. Where an event's stream says so it stands still in the
// middle of its transaction.
const [producerUrl = '', ownUrl = '', who = ''] = process.argv.slice(2)
process.on('disconnect', () => process.exit())

const producer = openDatabase({ url: producerUrl, schema: 'things' })
const own = openDatabase({ url: ownUrl, schema: 'listener' })
const log = await serve(producer, { ticks: false })
let hasStopped = false
const subscription = effectsOf(who, async event => {
  if (event.stream !== 'stop here' || hasStopped) return
  hasStopped = true
  process.send?.('in its transaction')
  await new Promise(resolve => process.once('message', resolve))
})
runSubscription(
  subscription,
  kit(
    own,
    callTo(() => log),
  ),
)
