import { serveBirds } from './serve-birds.ts'

// A server of its own process for killed.test.ts: tells what it did before it answers. Its number stands in the words it is asked to sing.
const server = await serveBirds(
  {
    sing: async input => {
      process.send?.({ sung: input.word })
      await new Promise(setImmediate)
      return input
    },
  },
  { listen: { host: '127.0.0.1', port: Number(process.argv[2]) } },
)
process.send?.({ url: server.url })
process.on('disconnect', () => process.exit())
