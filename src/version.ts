/** The version in package.json, which a bundle does not have beside it. A test compares the two. */
export const version = '0.0.0'
