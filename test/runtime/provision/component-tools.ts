/** The transpiler's own tools, for components that no compiler makes. */
export { componentEmbed, componentNew, parse, print } from '@bytecodealliance/jco';
