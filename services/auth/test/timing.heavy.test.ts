import assert from 'node:assert/strict'
import { test } from 'node:test'
import { bootServices } from '@plaza/testing'
import { authService } from '../src/service.ts'
import { edge, newPerson, register, request } from './people.ts'

test('a missing account takes as long to refuse as an existing one: medians of 200 tries differ by less than 5 %', async () => {
  const env = { PLAZA_BCRYPT_COST: '10', PLAZA_LOGIN_ATTEMPTS: '1000000' }
  await using plaza = await bootServices([authService], { env, faults: false })
  await register(plaza, newPerson({ username: 'is_there' }))
  const timeOf = async (login: string) => {
    const began = performance.now()
    await edge(plaza)
      .login({ login, password: 'not the password' }, request())
      .catch(() => {})
    return performance.now() - began
  }
  const times: Record<string, number[]> = { is_there: [], is_not_there: [] }
  for (let i = 0; i < 5; i++) for (const login of Object.keys(times)) await timeOf(login)
  // Taken in turn and either first by chance, so that what else the machine does meets both.
  for (let i = 0; i < 200; i++) {
    const pair = Object.keys(times)
    if (Math.random() < 0.5) pair.reverse()
    for (const login of pair) times[login]!.push(await timeOf(login))
  }
  const [there, missing] = Object.values(times).map(median) as [number, number]
  const difference = Math.abs(there - missing) / there
  assert.ok(there > 10, `a hash was computed: ${there} ms`)
  assert.ok(
    difference < 0.05,
    `${there.toFixed(2)} ms and ${missing.toFixed(2)} ms differ by ${(difference * 100).toFixed(1)} %`,
  )
})

const median = (values: number[]) => [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)]!
