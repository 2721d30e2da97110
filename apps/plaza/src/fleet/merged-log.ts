import { styleText } from 'node:util'

type Colour =
  | 'cyan'
  | 'green'
  | 'magenta'
  | 'yellow'
  | 'blue'
  | 'cyanBright'
  | 'greenBright'
  | 'magentaBright'

const colours: readonly Colour[] = [
  'cyan',
  'green',
  'magenta',
  'yellow',
  'blue',
  'cyanBright',
  'greenBright',
  'magentaBright',
]

/** A line without an end is cut here: what one process writes must not fill the supervisor. */
const longestLine = 64 * 1024

/**
 * One log out of many: on a terminal each line has its process's name and colour before it, otherwise it goes on as JSON with
 * `service.name` and, for what was no JSON, a `message`.
 */
export class MergedLog {
  readonly #write: (text: string) => void
  readonly #isTerminal: boolean
  readonly #width: number

  constructor(options: {
    readonly write: (text: string) => void
    readonly isTerminal: boolean
    readonly names: readonly string[]
  }) {
    this.#write = options.write
    this.#isTerminal = options.isTerminal
    this.#width = Math.max(0, ...options.names.map(name => name.length))
  }

  /** Takes what a process writes, in pieces as they come. `services` decide the colour: doubles share one. */
  source(name: string, services: string): { push(chunk: string): void; end(): void } {
    const prefix = styleText(colourOf(services), name.padEnd(this.#width), { validateStream: false })
    const line = (text: string) => {
      if (text.trim() === '') return
      this.#write(`${this.#isTerminal ? `${prefix} ${readable(text)}` : jsonLine(name, text)}\n`)
    }
    let rest = ''
    return {
      push: chunk => {
        const lines = (rest + chunk).split('\n')
        rest = lines.pop() ?? ''
        for (const each of lines) line(each)
        if (rest.length > longestLine) {
          line(rest)
          rest = ''
        }
      },
      end: () => {
        line(rest)
        rest = ''
      },
    }
  }
}

/** The same colour for the same name, at every start. */
function colourOf(name: string): Colour {
  let sum = 0
  for (const letter of name) sum = (sum * 31 + letter.charCodeAt(0)) >>> 0
  return colours[sum % colours.length]!
}

function jsonLine(process: string, text: string): string {
  const parsed = parseObject(text)
  if (parsed === undefined) {
    const at = new Date().toISOString()
    return JSON.stringify({ '@timestamp': at, 'log.level': 'info', 'service.name': process, message: text })
  }
  // A service's own lines name it already; which of its doubles wrote them is said beside.
  return JSON.stringify({ 'service.name': process, ...parsed, 'service.node.name': process })
}

/** A log line as people read it: when, how bad, what, and the error with its stack. */
function readable(text: string): string {
  const parsed = parseObject(text)
  if (parsed === undefined) return text
  const { '@timestamp': at, 'log.level': level, message, error } = parsed
  const stack = (error as { stack_trace?: unknown } | undefined)?.stack_trace
  const time = String(at ?? '').slice(11, 23)
  const shown = String(level ?? 'info').toUpperCase()
  const style = { WARN: 'yellow', ERROR: 'red', FATAL: 'red' } as const
  const colour = style[shown as keyof typeof style]
  const mark = colour === undefined ? shown : styleText(colour, shown, { validateStream: false })
  return `${time} ${mark} ${String(message ?? text)}${stack === undefined ? '' : `\n${String(stack)}`}`
}

function parseObject(text: string): Record<string, unknown> | undefined {
  if (!text.startsWith('{')) return undefined
  try {
    return JSON.parse(text) as Record<string, unknown>
  } catch {
    return undefined
  }
}
