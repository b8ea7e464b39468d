import { attackSuite } from './attack-suite.js'

attackSuite('off')
