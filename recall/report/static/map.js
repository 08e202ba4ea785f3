"use strict";
(function () {
  var card = document.getElementById("card");
  if (!card) { return; }
  var radius = 14;
  function follow(svg) {
    var dots = Array.prototype.slice.call(svg.querySelectorAll("circle.page"));
    var places = [];
    var held = -1;
    function place() {
      places = dots.map(function (dot) { return [+dot.getAttribute("cx"), +dot.getAttribute("cy")]; });
    }
    place();
    dots.forEach(function (dot) { // the card says it sooner than the browser's own tooltip
      var title = dot.querySelector("title");
      if (title) { dot.setAttribute("aria-label", title.textContent); title.remove(); }
    });
    function nearest(event) {
      var matrix = svg.getScreenCTM();
      if (!matrix) { return -1; }
      var x = (event.clientX - matrix.e) / matrix.a, y = (event.clientY - matrix.f) / matrix.d;
      var best = radius * radius, found = -1;
      places.forEach(function (place, index) {
        var distance = (place[0] - x) * (place[0] - x) + (place[1] - y) * (place[1] - y);
        if (distance < best) { best = distance; found = index; }
      });
      return found;
    }
    function show(index, event) {
      if (held !== index && held >= 0) { dots[held].classList.remove("held"); }
      held = index;
      card.hidden = index < 0;
      if (index < 0) { return; }
      var dot = dots[index];
      dot.classList.add("held");
      card.querySelector(".url").textContent = dot.dataset.url;
      card.querySelector(".what").textContent = dot.dataset.what;
      card.querySelector(".text").textContent = dot.dataset.text;
      var wide = document.documentElement.clientWidth, high = document.documentElement.clientHeight;
      var box = card.getBoundingClientRect();
      card.style.left = Math.max(8, Math.min(event.clientX + 16, wide - box.width - 8)) + "px";
      var below = event.clientY + 18;
      card.style.top = (below + box.height < high ? below : Math.max(8, event.clientY - box.height - 14)) + "px";
    }
    svg.addEventListener("pointermove", function (event) { show(nearest(event), event); });
    svg.addEventListener("pointerleave", function (event) { show(-1, event); });
    svg.addEventListener("click", function (event) {
      var index = nearest(event);
      var url = index < 0 ? "" : dots[index].dataset.link;
      if (/^https?:\/\//.test(url)) { window.open(url, "_blank", "noopener,noreferrer"); }
    });
    Array.prototype.forEach.call(svg.parentNode.querySelectorAll("input[name=layout]"), function (input) {
      function move() {
        if (!input.checked) { return; }
        var other = input.value === "map";
        svg.classList.toggle("unmeasured", other);
        dots.forEach(function (dot) {
          dot.setAttribute("cx", other ? dot.dataset.mapX : dot.dataset.x);
          dot.setAttribute("cy", other ? dot.dataset.mapY : dot.dataset.y);
        });
        place();
      }
      input.addEventListener("change", move);
      move(); // a page that is loaded again keeps what was checked
    });
  }
  Array.prototype.forEach.call(document.querySelectorAll("svg.points"), follow);
})();
