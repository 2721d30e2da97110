import assert from 'node:assert/strict'
import { test } from 'node:test'
import { describeConfig, toConfig } from './config.ts'

test('with nothing set everything has a default', () => {
  const config = toConfig({})
  assert.deepEqual(
    [config.port, config.host, config.dataFolder, config.databaseUrl],
    [8080, '127.0.0.1', '.plaza', undefined],
  )
  assert.ok(config.hashesAtOnce >= 1)
  assert.ok(Object.isFrozen(config))
})

test('every wrong variable is named with its value and what is allowed, all at once', () => {
  const env = {
    PORT: '99999',
    LOG_LEVEL: 'loud',
    PLAZA_BCRYPT_COST: '9',
    DATABASE_URL: 'mysql://x',
    PLAZA_TRUSTED_PROXIES: '10.0.0.0/8, nonsense',
  }
  assert.throws(
    () => toConfig(env),
    (error: Error) => {
      assert.match(error.message, /PORT="99999" is not valid: it must be a whole number from 0 to 65535/)
      assert.match(error.message, /LOG_LEVEL="loud" .* one of trace, debug/)
      assert.match(error.message, /PLAZA_BCRYPT_COST="9" .* from 10 to 14/)
      assert.match(error.message, /DATABASE_URL=\(hidden\) .* begins with postgres:\/\//)
      assert.match(error.message, /PLAZA_TRUSTED_PROXIES=.*"nonsense" is not/)
      return true
    },
  )
})

test('secrets are neither in an error nor in what plaza config prints', () => {
  const secret = 'short but secret'
  assert.throws(
    () => toConfig({ PLAZA_SECRET: secret }),
    (error: Error) => !error.message.includes(secret),
  )
  const env = { DATABASE_URL: 'postgres://plaza:hunter2@db.example/plaza', PLAZA_SECRET: 'x'.repeat(40) }
  const printed = JSON.stringify(describeConfig(env))
  assert.ok(!printed.includes('hunter2') && !printed.includes('x'.repeat(40)))
  assert.match(printed, /postgres:\/\/plaza:••••@db\.example\/plaza/)
})

test('what was set says so', () => {
  const port = describeConfig({ PORT: '9000' }).find(each => each.env === 'PORT')
  assert.deepEqual([port?.value, port?.origin], ['9000', 'environment'])
})
