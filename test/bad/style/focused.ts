// refused by Biome: lint/suspicious/noFocusedTests
import { describe } from 'node:test'

describe.only('alone', () => undefined)
