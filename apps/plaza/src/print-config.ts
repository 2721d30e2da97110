import { describeConfig, readEnv } from '@plaza/kernel/config'
import { knownNames } from './services.ts'

/** `plaza config`: one line a setting; secrets are masked. */
export function printConfig(): void {
  const settings = describeConfig(readEnv(), knownNames)
  const width = Math.max(...settings.map(each => each.env.length))
  const values = Math.min(40, Math.max(...settings.map(each => each.value.length)))
  for (const { env, value, origin, help } of settings) {
    console.log(`${env.padEnd(width)}  ${(value || '–').padEnd(values)}  ${origin.padEnd(11)}  ${help}`)
  }
}
