import assert from 'node:assert/strict'
import { test } from 'node:test'
import { commonPasswords } from './common-passwords.ts'
import { faultOfPassword } from './password-policy.ts'

const common = await commonPasswords()
const faultOf = (password: string, username = 'ana_vrsic', email = 'ana.vrsic@example.com') =>
  faultOfPassword({ password, username, email }, each => common.has(each))

test('ordinary long passwords are taken, of any script and composition', () => {
  for (const password of [
    'correct horse battery',
    'zelena mačka 7',
    '密码密码很长很长的话',
    's3cret-pass',
    'qzmvkwpx',
  ])
    assert.equal(faultOf(password), undefined, password)
})

test('the commonest passwords are refused, in any case', () => {
  for (const password of ['password', 'Password1', '12345678', 'QWERTY123', 'iloveyou', 'trustno1'])
    assert.match(faultOf(password)!.detail, /commonest/, password)
})

test('fewer than eight characters are refused, however many bytes they have', () => {
  assert.equal(faultOf('x7$kQ!2')?.kind, 'weak')
  assert.equal(faultOf('😀😁😂🤣😃😄😅')?.kind, 'weak')
  assert.equal(faultOf('😀😁😂🤣😃😄😅😆'), undefined)
})

test('72 bytes are taken and 73 refused, counted as bcrypt sees them', () => {
  const letters = 'abcdefghijklmnopqrstuvwxyz0123456789'
  assert.equal(faultOf(letters + letters), undefined)
  assert.equal(faultOf(`${letters}${letters}!`)?.kind, 'too-long')
  assert.equal(faultOf('ž'.repeat(12) + letters + letters.slice(0, 12)), undefined)
  assert.equal(faultOf('ž'.repeat(12) + letters + letters.slice(0, 13))?.kind, 'too-long')
  const decomposed = 'z\u030c'.repeat(12) + letters + letters.slice(0, 12)
  assert.equal(faultOf(decomposed), undefined, 'ž is two bytes, however the keyboard wrote it')
})

test('the username or the e-mail address with little more is refused; within a real password it may stand', () => {
  assert.match(faultOf('ana_vrsic1')!.detail, /username/)
  assert.match(faultOf('Ana.Vrsic2024')!.detail, /username/)
  assert.match(faultOf('1example.com1')!.detail, /e-mail/)
  assert.equal(faultOf('ana_vrsic likes dark bread'), undefined)
  assert.equal(faultOf('banana split for two', 'ana'), undefined)
})

test('one or two characters over and over are refused, and what cannot be typed', () => {
  assert.equal(faultOf('zzzzzzzzzzzz')?.kind, 'weak')
  assert.equal(faultOf('zxzxzxzxzxzxzx')?.kind, 'weak')
  assert.match(faultOf('some\0thing else')!.detail, /typed/)
  assert.match(faultOf('some\ud800thing else')!.detail, /typed/)
})
