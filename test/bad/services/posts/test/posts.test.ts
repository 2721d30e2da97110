import test from 'node:test'
import { postsService } from '@plaza/posts/service'
import { start } from '@plaza/testing'
import { usersService } from '@plaza/users/service' // refused: import

test.only('one test alone', () => start(postsService, usersService)) // refused: test-only
test.skip('no reason', () => undefined) // refused: test-skip
