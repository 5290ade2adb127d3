// Loaded before all libraries. One of them tries once whether code may be made from text; the
// page's policy forbids it, and the browser would log that as a violation. Here the answer is
// the same, and quiet.
(() => {
  const refuse = () => {
    throw new EvalError("Code is not made from text on this page.");
  };
  window.Function = new Proxy(Function, { construct: refuse, apply: refuse });
})();
